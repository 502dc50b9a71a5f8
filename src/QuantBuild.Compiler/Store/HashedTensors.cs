using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Store;

/// <summary>
/// An open safetensors file of somebody else's, with the digest of every tensor, hashed and read through the same handle.
/// </summary>
internal sealed class HashedTensors
{
    private const string Kind = "tensors-1";

    private readonly Lock _checking = new();
    private FileStamp _stamp;

    private HashedTensors(SafeTensorsFile file, FileStamp stamp, ImmutableSortedDictionary<string, Digest> digests)
    {
        File = file;
        _stamp = stamp;
        Digests = digests;
    }

    /// <summary>The file; whoever opened it disposes it.</summary>
    public SafeTensorsFile File { get; }

    /// <summary>Digests by the tensors' names.</summary>
    public ImmutableSortedDictionary<string, Digest> Digests { get; }

    /// <summary>Hashes a file, unless the store remembers the digests of what is open.</summary>
    /// <param name="file">A file that is read through its handle.</param>
    /// <param name="store">Remembers digests.</param>
    /// <param name="threads">How many tensors are hashed at once; memory is about 1 MiB for each.</param>
    /// <param name="progress">Told of bytes as they are hashed, from several threads.</param>
    /// <param name="ct">Ends the work.</param>
    /// <exception cref="DiagnosticException">The file cannot be read, or changed while it was read.</exception>
    public static async Task<HashedTensors> OfAsync(SafeTensorsFile file, ContentStore store, int threads, IProgress<long>? progress,
        CancellationToken ct)
    {
        FileStamp stamp = FileStamp.Of(file.Handle!, file.Path!);
        JsonObject digests = await store.Files.GetOrComputeAsync(file.Path!, file.Handle!, Kind, () =>
            TensorDigests.Hash(file, threads, progress, ct), ct);
        return new HashedTensors(file, stamp,
            digests.ToImmutableSortedDictionary(entry => entry.Key, entry => Digest.Parse(entry.Value.Text()),
                StringComparer.Ordinal));
    }

    /// <summary>
    /// Refuses to go on when somebody wrote into the file after it was hashed: results would be remembered for other content than they were
    /// made from. That another file took its name is no such case, the old one stays open.
    /// </summary>
    /// <exception cref="DiagnosticException">It changed (QB4007).</exception>
    public void RequireUnchanged()
    {
        FileStamp now = FileStamp.Of(File.Handle!, File.Path!);
        lock (_checking)
        {
            if (now == _stamp)
                return;
            // Renaming and deleting move the time of change, too; so does a writer that sets the time of writing back. Only the bytes tell.
            if (!now.HasTimesOf(_stamp) || !Remain())
                throw new DiagnosticException(Descriptors.InputChanged.At(null, File.Path));
            _stamp = now;
        }
    }

    private bool Remain() =>
        TensorDigests.Hash(File, Environment.ProcessorCount, null, CancellationToken.None)
        .All(entry => Digests[entry.Key].ToString() == entry.Value.Text());
}
