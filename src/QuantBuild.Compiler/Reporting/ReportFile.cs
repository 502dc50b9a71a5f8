using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Reporting;

/// <summary>A build's report on disk. It is no part of the artifact: no digest and no lock file knows it.</summary>
internal static class ReportFile
{
    /// <summary>Enough of a page to hold its head's first lines.</summary>
    private const int HeadLength = 1024;

    /// <summary>Name of a model's report.</summary>
    public static string NameFor(string model) => model + ArtifactFolder.ReportSuffix;

    /// <summary>The report of a manifest's build in the artifact's folder; absolute.</summary>
    public static string In(string folder, string manifest) =>
        Path.GetFullPath(Path.Combine(folder, NameFor(QuantManifest.NameFrom(manifest))));

    /// <summary>The report of an artifact in a folder: in it, or beside it under the folder's name; null when there is none.</summary>
    public static string? Find(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return Directory.EnumerateFiles(folder, "*" + ArtifactFolder.ReportSuffix).Order(StringComparer.Ordinal).FirstOrDefault()
            ?? (File.Exists(folder + ArtifactFolder.ReportSuffix) ? folder + ArtifactFolder.ReportSuffix : null);
    }

    /// <summary>
    /// Writes the report of a build; an equal one is not replaced, so that it still describes the build that did the work.
    /// </summary>
    /// <param name="session">The build; all its actions have been asked for.</param>
    /// <param name="path">The file.</param>
    /// <param name="started">When the build began.</param>
    /// <returns>Null, or why the report could not be written: that is no reason to fail a build.</returns>
    internal static Diagnostic? TryWrite(CompileSession session, string path, DateTimeOffset started)
    {
        try
        {
            string key = KeyOf(session);
            bool nothingRan = session.Runner.Trace.All(action => action.Outcome == ActionOutcome.Cached);
            if (!nothingRan || !IsFor(path, key))
                OutputFile.Replace(path, ReportPage.Render(ReportCollector.Collect(session, started, executed: true), key));
            return null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is DiagnosticException)
        {
            return Descriptors.ReportNotWritten.At(null, path, failure.Message);
        }
    }

    /// <summary>
    /// Writes the report of an artifact that was pulled: what the manifest says of it, and the errors that were published with it.
    /// </summary>
    /// <param name="session">The build, which has asked for no action.</param>
    /// <param name="path">The file; whatever report it held is of another build.</param>
    /// <param name="started">When the build began.</param>
    /// <param name="source">Where the artifact came from, in words.</param>
    /// <param name="artifact">The artifact, with its lock and the published errors.</param>
    /// <returns>Null, or why the report could not be written.</returns>
    internal static Diagnostic? TryWritePulled(CompileSession session, string path, DateTimeOffset started, string source,
        FinishedArtifact artifact)
    {
        try
        {
            BuildReport report = ReportCollector.Collect(session, started, executed: false, artifact);
            report.Run["pulledFrom"] = source;
            OutputFile.Replace(path, ReportPage.Render(report, KeyOf(session)));
            return null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is DiagnosticException)
        {
            return Descriptors.ReportNotWritten.At(null, path, failure.Message);
        }
    }

    /// <summary>Writes a report of what the store has.</summary>
    /// <exception cref="DiagnosticException">The file cannot be written.</exception>
    internal static void Write(CompileSession session, string path, DateTimeOffset started, JsonObject? difference)
    {
        try
        {
            OutputFile.Replace(path,
                ReportPage.Render(ReportCollector.Collect(session, started, executed: false) with { Diff = difference }, KeyOf(session)));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>
    /// Everything that a page shows, but for its run record: the keys of all actions, the manifest, the evaluation, and the page itself.
    /// </summary>
    private static string KeyOf(CompileSession session)
    {
        var json = new JsonObject
        {
            ["page"] = ReportPage.Resources.ToString(),
            ["tool"] = ToolVersion.Text,
            ["manifest"] = Digest.Of(File.ReadAllBytes(session.Plan.Manifest.Path)).ToString(),
            ["evaluation"] = Evaluation.EvaluationHistory.Load(session.Store, session.Plan)?.ToPage(PlanDigest.Of(session.Plan)),
            ["actions"] =
                new JsonObject(session.Runner.Trace.Select(action =>
                    KeyValuePair.Create(BuildHistory.IdentityOf(action), (JsonNode?)action.Key?.ToString()))),
        };
        return CanonicalJson.DigestOf(json).ToString();
    }

    private static bool IsFor(string path, string key)
    {
        if (!OutputFile.IsFile(path))
            return false;
        using FileStream file = File.OpenRead(path);
        var head = new byte[HeadLength];
        int read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(head, 0, read).Contains(key, StringComparison.Ordinal);
    }
}
