using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>One change of an output folder from whatever is in it to an artifact.</summary>
internal sealed class ArtifactUpdate(ContentStore store, string folder, IReadOnlyList<PackedFile> files, ReadOnlyMemory<byte> descriptor,
    bool hardLinks)
{
    private readonly string _descriptor = Path.Combine(folder, ArtifactFolder.DescriptorName);

    /// <summary>
    /// The descriptor that was taken away because its files are changing. It stays until those that the new artifact does
    /// not use are removed: without it, a build that is killed in between would leave files that nobody knows to be ours.
    /// </summary>
    private readonly string _withdrawn = Path.Combine(folder, ArtifactFolder.WithdrawnName);
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
        RemoveFiles(Listed(earlier).Concat(OutputGuard.OtherShards(folder, files)), keep: files.Select(file => file.Path));
        File.Delete(_withdrawn);
        return new ArtifactWriteResult(_written.ToImmutable(), _removed.ToImmutable());
    }

    /// <summary>Whether a reader of the present descriptor would see the file change.</summary>
    private bool WillReplace(PackedFile file)
    {
        string path = Path.Combine(folder, file.Path);
        return File.Exists(path) && !store.IsMaterialized(file.Content.Digest, path, hardLinks);
    }

    private static IEnumerable<string> Listed(byte[]? json) =>
        (json is null ? [] : ArtifactListing.Read(json) ?? []).Select(file => file.Path);

    private void RemoveFiles(IEnumerable<string> stale, IEnumerable<string> keep)
    {
        HashSet<string> kept = keep.ToHashSet(StringComparer.Ordinal);
        foreach (string path in stale.Distinct(StringComparer.Ordinal).Where(path => !kept.Contains(path)).ToArray())
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
        foreach (string directory in files.Select(file => Path.Combine(folder, DirectoryOf(file.Path))).Append(folder).Distinct()
            .Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(directory, ".*" + TemporaryFile.Extension))
                AtomicFile.TryDelete(path);
        }
    }

    private static string DirectoryOf(string path) => path[..path.LastIndexOf('/')];}
