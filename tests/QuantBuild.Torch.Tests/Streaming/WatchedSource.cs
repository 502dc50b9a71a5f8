using System.Collections.Concurrent;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Torch.Tests.Streaming;

/// <summary>An expert's tensors, with a look at who reads weights of blocks, and when.</summary>
/// <param name="source">The tensors.</param>
internal sealed class WatchedSource(ITensorSource source) : ITensorSource
{
    private readonly ConcurrentDictionary<string, long> _read = new(StringComparer.Ordinal);

    /// <summary>Called before some bytes of a block's weight are read; may throw.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Threads that read weights of blocks.</summary>
    public ConcurrentDictionary<int, bool> Threads { get; } = [];

    public IReadOnlyDictionary<string, TensorInfo> Tensors => source.Tensors;

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        _read.Clear();
        Threads.Clear();
    }

    /// <summary>Whether all weights of a block were read to their ends.</summary>
    public bool IsRead(int block) => WanLayers.Names.Select(layer => $"{WanTensors.BlockPrefix(block)}{layer}.weight")
        .All(name => _read.GetValueOrDefault(name) == Tensors[name].ByteLength);

    /// <summary>Whether anything of a block's weights was read.</summary>
    public bool IsBegun(int block) =>
        _read.Keys.Any(name => name.StartsWith(WanTensors.BlockPrefix(block), StringComparison.Ordinal));

    public ReadOnlySpan<byte> Bytes(string name)
    {
        Watch(name, Tensors[name].ByteLength);
        return source.Bytes(name);
    }

    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        Watch(name, length);
        return source.Bytes(name, offset, length);
    }

    public void Read(string name, long offset, Span<byte> destination)
    {
        Watch(name, destination.Length);
        source.Read(name, offset, destination);
    }

    public void ReadFloat32(string name, Span<float> destination)
    {
        Watch(name, Tensors[name].ByteLength);
        source.ReadFloat32(name, destination);
    }

    private void Watch(string name, long bytes)
    {
        if (!name.StartsWith("blocks.", StringComparison.Ordinal) || !name.EndsWith(".weight", StringComparison.Ordinal)
            || name.Contains("norm", StringComparison.Ordinal))
            return;
        Before?.Invoke(name);
        Threads[Environment.CurrentManagedThreadId] = true;
        _read.AddOrUpdate(name, bytes, (_, before) => before + bytes);
    }
}
