using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>
/// Holds everything in an artifact's folder against its statement. A loader reads what it finds: a second file of weights, an index that it
/// prefers, or a script that the statement does not list would make the folder another model than the one that was signed.
/// </summary>
internal static class FolderCoverage
{
    /// <summary>What the Hub's own downloader leaves beside files.</summary>
    private const string DownloadState = ".cache/huggingface/";

    /// <summary>Names in a message; the rest is counted.</summary>
    private const int Shown = 5;

    /// <summary>Files that people read and no loader opens.</summary>
    private static readonly ImmutableHashSet<string> Texts = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", ".gitattributes",
        ".gitignore", RunRecord.FileName];

    /// <summary>Looks at every file in and below a folder whose artifact was compared with the statement.</summary>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="build">The statement.</param>
    /// <returns>Harmless files that the statement does not list; and the diagnostic of all others (QB5072), if there are any.</returns>
    public static (ImmutableArray<string> Unsigned, Diagnostic? Problem) Of(string folder, StatedBuild build)
    {
        string report = (CheckedNodes.Parse(File.ReadAllBytes(Path.Combine(folder, ArtifactFolder.DescriptorName)))
            .Find("name") as JsonValue)?.ToString() + ArtifactFolder.ReportSuffix;
        string[] others = [.. Everything(folder, "").Where(path => !IsCovered(folder, path, build)).Order(StringComparer.Ordinal)];
        ILookup<bool, string> harmless =
            others.ToLookup(path => IsHarmless(path, report) && new FileInfo(Path.Combine(folder, path)).LinkTarget is null);
        string[] strangers = [.. harmless[false]];
        if (strangers.Length == 0)
            return ([.. harmless[true]], null);
        string names = string.Join(", ", strangers.Take(Shown).Select(path => $"'{path}'"));
        return ([.. harmless[true]],
            Descriptors.FilesUncovered.At(new SourceSpan(folder), strangers.Length > Shown
                ? FormattableString.Invariant($"{names} and {strangers.Length - Shown} more")
                : names));
    }

    /// <summary>All files below a folder; a link to another folder counts as one, since what it leads to is not the folder's.</summary>
    private static IEnumerable<string> Everything(string folder, string below)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(Path.Combine(folder, below)).EnumerateFileSystemInfos())
        {
            string path = below + entry.Name;
            if (entry is not DirectoryInfo || entry.LinkTarget is not null)
                yield return path;
            else
            {
                foreach (string file in Everything(folder, path + "/"))
                    yield return file;
            }
        }
    }

    /// <summary>Whether the statement has the file's digest, or the file is the statement itself.</summary>
    private static bool IsCovered(string folder, string path, StatedBuild build) =>
        build.Subjects.ContainsKey(path) || (build.Byproducts.ContainsKey(path) && !path.Contains('/'))
        || path is ProvenanceStatement.FileName or Envelope.FileName
        || (path == ArtifactSums.FileName && HasRightSums(folder, build))
        || (path.EndsWith(LockFile.Ending, StringComparison.Ordinal) && !path.Contains('/')
            && IsStatedLock(Path.Combine(folder, path), build));

    private static bool IsHarmless(string path, string report) => Texts.Contains(path) || path == report
        || (path.StartsWith(DownloadState, StringComparison.Ordinal) && Path.GetFileName(path) is var name
            && (name is ".gitignore" or "CACHEDIR.TAG" || name.EndsWith(".metadata", StringComparison.Ordinal)
                || name.EndsWith(".lock", StringComparison.Ordinal)));

    private static bool IsStatedLock(string path, StatedBuild build)
    {
        try
        {
            return LockFile.Read(path) is { } locked && Digest.Of(locked.ToJson()) == build.Lock;
        }
        catch (DiagnosticException)
        {
            return false;
        }
    }

    private static bool HasRightSums(string folder, StatedBuild build)
    {
        Dictionary<string, string> right = build.Subjects.Concat(build.Byproducts)
            .ToDictionary(file => file.Key, file => file.Value.ToString(), StringComparer.Ordinal);
        foreach (string name in (string[])[ProvenanceStatement.FileName, Envelope.FileName])
        {
            if (AtomicFile.TryRead(Path.Combine(folder, name)) is { } content)
                right[name] = Digest.Of(content).ToString();
        }
        return Encoding.UTF8.GetString(AtomicFile.TryRead(Path.Combine(folder, ArtifactSums.FileName)) ?? [])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .All(line => line.Split("  ", 2) is [var digest, var path] && right.TryGetValue(path, out string? stated) && stated == digest);
    }
}
