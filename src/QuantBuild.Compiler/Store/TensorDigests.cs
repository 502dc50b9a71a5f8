using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using QuantBuild.Pickles;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Store;

/// <summary>Digests of tensors by content, whatever file, shard or folder they are in.</summary>
/// <remarks>A tensor's digest is SHA-256 over the canonical JSON of its element type and shape, a line feed, and its bytes.</remarks>
internal static class TensorDigests
{
    /// <summary>Digest of every tensor of some safetensors or .pth files; unchanged files are not read again.</summary>
    /// <param name="files">The files; no two have a tensor of the same name.</param>
    /// <param name="store">Remembers digests.</param>
    /// <param name="threads">How many tensors are hashed at once; memory is about 1 MiB for each.</param>
    /// <param name="progress">Told of bytes as they are hashed, from several threads.</param>
    /// <param name="ct">Ends the work.</param>
    /// <exception cref="SafeTensorsException">A file breaks a rule of the format, or a name occurs twice.</exception>
    /// <exception cref="Diagnostics.DiagnosticException">A file cannot be read, or changed while it was read.</exception>
    public static async Task<ImmutableSortedDictionary<string, Digest>> OfAsync(IEnumerable<string> files, ContentStore store, int threads,
        IProgress<long>? progress = null, CancellationToken ct = default)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, Digest>(StringComparer.Ordinal);
        foreach (string file in files)
        {
            using SafeTensorsFile open = Open(file);
            foreach ((string name, Digest digest) in (await HashedTensors.OfAsync(open, store, threads, progress, ct)).Digests)
            {
                if (!all.TryAdd(name, digest))
                    throw new SafeTensorsException("DuplicateTensor", $"tensor '{name}' is in more than one file", file);
            }
        }
        return all.ToImmutable();
    }

    /// <summary>Digest of one tensor in memory.</summary>
    public static Digest Of(DType type, IReadOnlyList<long> shape, ReadOnlySpan<byte> bytes)
    {
        using IncrementalHash hash = Begin(type, shape);
        hash.AppendData(bytes);
        return new Digest(hash.GetHashAndReset());
    }

    /// <summary>One digest for a set of named things: SHA-256 over the canonical JSON of name to digest.</summary>
    public static Digest Combine(IEnumerable<KeyValuePair<string, Digest>> digests) =>
        CanonicalJson.DigestOf(new JsonObject(digests.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value.ToString()))));

    private static SafeTensorsFile Open(string path)
    {
        try
        {
            return PthFile.IsArchive(path) ? PthFile.Open(path) : SafeTensorsFile.Open(path);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>Digest of every tensor of an open file, by name.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">The file cannot be read, or became shorter.</exception>
    internal static JsonObject Hash(SafeTensorsFile file, int threads, IProgress<long>? progress, CancellationToken ct)
    {
        try
        {
            var digests = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
            var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = ct };
            var inFileOrder = Partitioner.Create(file.Tensors.Values.OrderBy(tensor => tensor.Begin),
                EnumerablePartitionerOptions.NoBuffering);
            Parallel.ForEach(inFileOrder, options, tensor =>
            {
                using IncrementalHash hash = Begin(tensor.DType, tensor.Shape);
                FileHash.Append(hash, file.Handle!, file.DataStart + tensor.Begin, tensor.ByteLength, progress, ct);
                digests[tensor.Name] = new Digest(hash.GetHashAndReset()).ToString();
            });
            return new JsonObject(digests.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        }
        catch (AggregateException failures) when (failures.InnerExceptions.FirstOrDefault(StoreErrors.IsFileSystem) is { } failure)
        {
            throw StoreErrors.TranslateInput(failure, file.Path!);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.TranslateInput(failure, file.Path!);
        }
    }

    private static IncrementalHash Begin(DType type, IReadOnlyList<long> shape)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var header = new JsonObject { ["dtype"] = type.ToString(), ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]) };
        hash.AppendData(CanonicalJson.Serialize(header));
        hash.AppendData("\n"u8);
        return hash;
    }
}
