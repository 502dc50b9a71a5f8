using System.Collections.Immutable;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Packing;

/// <summary>One change of an output folder from whatever is in it to an artifact.</summary>
internal sealed partial class ArtifactUpdate(ContentStore store, string folder, IReadOnlyList<PackedFile> files, ReadOnlyMemory<byte> descriptor,
    bool hardLinks)
{
    private readonly string _descriptor = Path.Combine(folder, ArtifactFolder.DescriptorName);

    /// <summary>
    /// The descriptor that was taken away because its files are changing. It stays until those that the new artifact does
    /// not use are removed: without it, a build that is killed in between would leave files that nobody knows to be ours.
    /// </summary>
    private readonly string _withdrawn = Path.Combine(folder, ArtifactFolder.DescriptorName + ".previous");
    private readonly ImmutableArray<string>.Builder _written = ImmutableArray.CreateBuilder<string>();
    private readonly ImmutableArray<string>.Builder _removed = ImmutableArray.CreateBuilder<string>();

    public ArtifactWriteResult Run(IProgress<string>? progress, CancellationToken ct)
    {
        // What can be foreseen to fail fails before the folder is touched.
        foreach (PackedFile file in files)
        {
            store.RefOf(file.Content.Digest);
            if (Directory.Exists(Path.Combine(folder, file.Path)))
                throw new DiagnosticException(Descriptors.OutputNotWritable.At(null, folder, $"'{file.Path}' is a folder"));
        }
        RemoveUnfinished();
        byte[]? current = AtomicFile.TryRead(_descriptor);
        if (current is not null)
        {
            // A killed call got as far as the descriptor: complete it before its list of leftovers is overwritten.
            if (AtomicFile.TryRead(_withdrawn) is { } older)
            {
                RemoveFiles(Listed(older), keep: Listed(current));
                File.Delete(_withdrawn);
            }
            if (!descriptor.Span.SequenceEqual(current) && files.Any(WillReplace))
                File.Move(_descriptor, _withdrawn);
        }
        byte[]? earlier = current ?? AtomicFile.TryRead(_withdrawn);

        foreach (PackedFile file in files)
        {
            ct.ThrowIfCancellationRequested();
            progress?.Report(file.Path);
            string path = Path.Combine(folder, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (store.Materialize(file.Content.Digest, path, hardLinks))
                _written.Add(file.Path);
        }
        progress?.Report(ArtifactFolder.DescriptorName);
        if (AtomicFile.TryRead(_descriptor) is not { } present || !descriptor.Span.SequenceEqual(present))
        {
            AtomicFile.Write(_descriptor, TemporaryFile.Beside(_descriptor), descriptor.Span, durable: true);
            _written.Add(ArtifactFolder.DescriptorName);
        }
        RemoveFiles(Listed(earlier).Concat(OtherShards()), keep: files);
        File.Delete(_withdrawn);
        return new ArtifactWriteResult(_written.ToImmutable(), _removed.ToImmutable());
    }

    /// <summary>Whether a reader of the present descriptor would see the file change.</summary>
    private bool WillReplace(PackedFile file)
    {
        string path = Path.Combine(folder, file.Path);
        return File.Exists(path) && !store.IsMaterialized(file.Content.Digest, path, hardLinks);
    }

    private static ImmutableArray<PackedFile> Listed(byte[]? json) => json is null ? [] : ArtifactListing.Read(json) ?? [];

    /// <summary>
    /// Files beside ours that differ from one of them in the number of their shard only. No descriptor names them when the
    /// build that wrote them was killed before it could write one.
    /// </summary>
    private List<PackedFile> OtherShards()
    {
        List<PackedFile> found = [];
        foreach (IGrouping<string, PackedFile> directory in files.GroupBy(file => DirectoryOf(file.Path), StringComparer.Ordinal))
        {
            HashSet<string> stems = [.. directory.Select(file => StemOf(Path.GetFileName(file.Path))).OfType<string>()];
            foreach (string name in Directory.EnumerateFiles(Path.Combine(folder, directory.Key)).Select(path => Path.GetFileName(path)))
            {
                if (StemOf(name) is { } stem && stems.Contains(stem))
                    found.Add(new PackedFile($"{directory.Key}/{name}", default));
            }
        }
        return found;
    }

    private static string? StemOf(string name) => ShardName().Match(name) is { Success: true } match ? match.Groups["stem"].Value : null;

    [GeneratedRegex(@"^(?<stem>.+?)(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();

    private void RemoveFiles(IEnumerable<PackedFile> stale, IEnumerable<PackedFile> keep)
    {
        HashSet<string> kept = keep.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        foreach (string path in stale.Select(file => file.Path).Distinct(StringComparer.Ordinal).Where(path => !kept.Contains(path)))
        {
            string full = Path.Combine(folder, path);
            if (!File.Exists(full) || !AtomicFile.TryDelete(full))
                continue;
            _removed.Add(path);
            RemoveIfEmpty(Path.GetDirectoryName(full)!);
        }
    }

    private static void RemoveIfEmpty(string directory)
    {
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
            Directory.Delete(directory);
    }

    /// <summary>Temporary files of killed builds; the folder's lock says that nobody is writing one.</summary>
    private void RemoveUnfinished()
    {
        foreach (string directory in files.Select(file => Path.Combine(folder, DirectoryOf(file.Path))).Append(folder).Distinct().Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(directory, ".*" + ContentStore.TemporaryExtension))
                AtomicFile.TryDelete(path);
        }
    }

    private static string DirectoryOf(string path) => path[..path.LastIndexOf('/')];}
