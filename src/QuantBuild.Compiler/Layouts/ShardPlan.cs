using System.Globalization;
using QuantBuild.Files;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>How tensors are divided among files.</summary>
internal sealed class ShardPlan
{
    private ShardPlan(string stem, IReadOnlyList<Shard> shards)
    {
        Shards = shards;
        if (shards.Count > 1)
        {
            IndexFileName = stem + ".safetensors.index.json";
            Index = ShardIndex.Write(
                shards.SelectMany(shard => shard.Tensors, (shard, tensor) => (tensor.Name, shard.FileName))
                    .ToDictionary(StringComparer.Ordinal),
                shards.Sum(shard => shard.Tensors.Sum(tensor => tensor.ByteLength)));
        }
    }

    /// <summary>The files, first to last; at least one.</summary>
    public IReadOnlyList<Shard> Shards { get; }

    /// <summary>Name of the index, or null when one file holds everything and needs none.</summary>
    public string? IndexFileName { get; }

    /// <summary>Bytes of the index; empty without one.</summary>
    public ReadOnlyMemory<byte> Index { get; }

    /// <summary>Fills files one after the other with tensors in ordinal order of their names.</summary>
    /// <remarks>
    /// A file ends before the tensor that would make its data larger than <paramref name="shardSize"/>; a tensor larger than that has a
    /// file of its own. Several files are called <c>stem-00001-of-0000N.safetensors</c>, a single one <c>stem.safetensors</c>.
    /// </remarks>
    /// <param name="tensors">In any order.</param>
    /// <param name="shardSize">Most bytes of tensor data per file.</param>
    /// <param name="stem">Name of the weights.</param>
    /// <exception cref="SafeTensorsException">A name is taken twice or a shape cannot be stored.</exception>
    public static ShardPlan Divide(IEnumerable<TensorData> tensors, long shardSize, string stem = ShardedCheckpoint.DefaultStem)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardSize);
        var groups = new List<List<TensorData>> { new() };
        long size = 0;
        string? previous = null;
        foreach (TensorData tensor in tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            if (tensor.Name == previous)
                throw new SafeTensorsException("DuplicateKey", $"two tensors are called '{tensor.Name}'");
            previous = tensor.Name;
            if (groups[^1].Count > 0 && tensor.ByteLength > shardSize - size)
            {
                groups.Add([]);
                size = 0;
            }
            groups[^1].Add(tensor);
            size += tensor.ByteLength;
        }
        return new ShardPlan(stem, [.. groups.Select((group, i) => new Shard(FileName(stem, i, groups.Count), group))]);
    }

    /// <summary>Writes the files into a folder, the index last; each appears whole or not at all.</summary>
    /// <param name="directory">Must exist.</param>
    /// <param name="metadata">Entries for every file's <c>__metadata__</c>.</param>
    /// <exception cref="SafeTensorsException">The tensors cannot be written; see <see cref="SafeTensorsWriter"/>.</exception>
    /// <exception cref="IOException">The disk is full or the folder cannot be written.</exception>
    public void Write(string directory, IReadOnlyDictionary<string, string>? metadata = null)
    {
        foreach (Shard shard in Shards)
            SafeTensorsWriter.Write(Path.Combine(directory, shard.FileName), shard.Tensors, metadata);
        if (IndexFileName is not null)
            WholeFile.Write(Path.Combine(directory, IndexFileName), Index.Length, stream => stream.Write(Index.Span));
    }

    private static string FileName(string stem, int index, int count) => count == 1
        ? stem + ".safetensors"
        : string.Create(CultureInfo.InvariantCulture, $"{stem}-{index + 1:D5}-of-{count:D5}.safetensors");
}
