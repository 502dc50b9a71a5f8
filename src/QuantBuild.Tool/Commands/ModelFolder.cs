using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Sources;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tool.Commands;

/// <summary>What <c>--model</c> may name.</summary>
internal static class ModelFolder
{
    /// <summary>The checkpoint's folder: the one named, that of a model project, or one of the Hub in the download cache.</summary>
    /// <param name="model">A folder, or <c>hf://owner/name@revision</c>.</param>
    /// <param name="needsExperts">Whether full-precision experts are needed.</param>
    /// <param name="run">The command.</param>
    /// <exception cref="DiagnosticException">The checkpoint cannot be fetched.</exception>
    public static string Find(string model, bool needsExperts, CommandRun run)
    {
        if (model.StartsWith(HubReference.Scheme, StringComparison.Ordinal))
            return Fetch(HubReference.Parse(model), needsExperts, run);
        string inside = Path.Combine(model, "checkpoint");
        if (Directory.Exists(inside))
            return inside;
        string[] manifests = Directory.Exists(model) ? Directory.GetFiles(model, "*.quant.json") : [];
        if (manifests.Length != 1 || ManifestReader.Read(manifests[0]).Manifest is not { } manifest)
            return model;
        return manifest.Model.Repository is { } repository ? Fetch(repository, needsExperts, run) : manifest.Model.Source;
    }

    private static string Fetch(HubReference reference, bool needsExperts, CommandRun run)
    {
        var locator = new SourceLocator(HubConnection.Access(run), reference, span: null, run.Cancellation);
        return locator.Fetch(needsExperts ? null : [], encoders: true, _ => { }, SilentObserver.Instance).Folder;
    }
}
