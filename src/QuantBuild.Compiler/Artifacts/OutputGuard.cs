using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>
/// Keeps artifacts away from files that are not theirs. An artifact goes into an empty folder or into that of an earlier artifact, whose
/// own files may be replaced. A file whose content is in the store is no obstacle: it is what a killed build left, and nothing is lost with
/// it.
/// </summary>
internal static partial class OutputGuard
{
    /// <summary>Names in a message; the rest is counted.</summary>
    private const int Shown = 5;

    /// <summary>Requires that an artifact may go into a folder, before anything is computed or fetched for it.</summary>
    /// <param name="store">Knows the content of what builds write.</param>
    /// <param name="folder">The output folder; it need not exist.</param>
    /// <exception cref="DiagnosticException">It has files, and no earlier artifact (QB5070); or the file system failed.</exception>
    public static void RequireFolder(ContentStore store, string folder)
    {
        folder = Path.GetFullPath(folder);
        try
        {
            Refuse(folder, Strangers(store, folder));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, folder);
        }
    }

    /// <summary>
    /// Requires that writing these files destroys nobody else's, and that nobody else's will be taken for a part of the artifact.
    /// </summary>
    /// <exception cref="DiagnosticException">Files are in the way (QB5070).</exception>
    public static void RequireFiles(ContentStore store, string folder, IReadOnlyList<PackedFile> files)
    {
        HashSet<string> own = [.. OwnFiles(folder)];
        IEnumerable<string> occupied = files.Select(file => file.Path).Where(path => File.Exists(Path.Combine(folder, path)))
            .Concat(OtherShards(folder, files));
        // An expert's folder that is a link leads to where nobody looked.
        IEnumerable<string> links = files.Select(file => DirectoryOf(file.Path)).Distinct(StringComparer.Ordinal)
            .Where(directory => new DirectoryInfo(Path.Combine(folder, directory)).LinkTarget is not null)
            .Select(directory => directory + "/");
        // A file in the place of an expert's folder has an error of its own.
        IEnumerable<string> strangers = Strangers(store, folder)
            .Except(files.Select(file => DirectoryOf(file.Path)), StringComparer.Ordinal);
        Refuse(folder, strangers.Concat(occupied.Where(path => !own.Contains(path) && !IsLeftOver(store, folder, path))).Concat(links));
    }

    /// <summary>
    /// Files beside an artifact's that differ from one of them in the number of their shard only: who reads the folder takes them for a
    /// part of it. No descriptor names them when the build that wrote them was killed before it could write one.
    /// </summary>
    public static IEnumerable<string> OtherShards(string folder, IReadOnlyList<PackedFile> files)
    {
        HashSet<string> paths = files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        foreach (IGrouping<string, PackedFile> directory in files.GroupBy(file => DirectoryOf(file.Path), StringComparer.Ordinal))
        {
            string full = Path.Combine(folder, directory.Key);
            if (!Directory.Exists(full))
                continue;
            HashSet<string> stems = [.. directory.Select(file => StemOf(Path.GetFileName(file.Path))).OfType<string>()];
            foreach (string path in Directory.EnumerateFiles(full).Select(path => $"{directory.Key}/{Path.GetFileName(path)}"))
            {
                if (!paths.Contains(path) && StemOf(Path.GetFileName(path)) is { } stem && stems.Contains(stem))
                    yield return path;
            }
        }
    }

    private static void Refuse(string folder, IEnumerable<string> inTheWay)
    {
        string[] all = [.. inTheWay.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (all.Length == 0)
            return;
        string names = string.Join(", ", all.Take(Shown).Select(path => $"'{path}'"));
        throw new DiagnosticException(Descriptors.OutputOccupied.At(null, folder, all.Length > Shown
            ? FormattableString.Invariant($"{names} and {all.Length - Shown} more")
            : names));
    }

    /// <summary>
    /// Files of a folder that holds no artifact, except for those that a build may have left, report pages, and hidden ones such as
    /// .gitignore.
    /// </summary>
    private static IEnumerable<string> Strangers(ContentStore store, string folder)
    {
        if (!Directory.Exists(folder) || IsArtifact(folder, ArtifactFolder.DescriptorName)
            || IsArtifact(folder, ArtifactFolder.WithdrawnName))
            yield break;
        foreach (string file in Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)))
        {
            if (file[0] != '.' && !file.EndsWith(ArtifactFolder.ReportSuffix, StringComparison.Ordinal)
                && !CompanionFiles.Is(Path.Combine(folder, file)))
                yield return file;
        }
        foreach (string directory in Directory.EnumerateDirectories(folder).Where(path => Path.GetFileName(path)[0] != '.'))
        {
            string name = Path.GetFileName(directory);
            if (Directory.EnumerateDirectories(directory).Any())
                yield return name + "/";
            foreach (string file in Directory.EnumerateFiles(directory).Select(path => $"{name}/{Path.GetFileName(path)}"))
            {
                if (!file.EndsWith(TemporaryFile.Extension, StringComparison.Ordinal) && !IsLeftOver(store, folder, file))
                    yield return file;
            }
        }
    }

    /// <summary>What the artifacts list that the folder holds, or held when their change was interrupted.</summary>
    private static IEnumerable<string> OwnFiles(string folder) => ((string[])[ArtifactFolder.DescriptorName, ArtifactFolder.WithdrawnName])
        .Select(name => AtomicFile.TryRead(Path.Combine(folder, name))).OfType<byte[]>()
        .SelectMany(json => ArtifactListing.Read(json) ?? []).Select(file => file.Path);

    private static bool IsArtifact(string folder, string name)
    {
        try
        {
            return AtomicFile.TryRead(Path.Combine(folder, name)) is { } json && CheckedNodes.Parse(json) is JsonObject root
                && root.Find("experts") is JsonObject;
        }
        catch (MalformedJsonException)
        {
            return false;
        }
    }

    private static bool IsLeftOver(ContentStore store, string folder, string path) =>
        ArtifactListing.IsInside(path) && store.Contains(FileHash.Of(Path.Combine(folder, path)));

    private static string DirectoryOf(string path) => path[..path.LastIndexOf('/')];

    private static string? StemOf(string name) => ShardName().Match(name) is { Success: true } match ? match.Groups["stem"].Value : null;

    [GeneratedRegex(@"\A(?<stem>.+?)(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();
}
