using System.Buffers;
using System.Runtime.InteropServices;

namespace QuantBuild.SafeTensors;

/// <summary>A tensor of an open source as memory: a view that costs nothing and reads nothing until it is used.</summary>
internal sealed class TensorMemory(ITensorSource source, string name) : MemoryManager<byte>
{
    /// <summary>The bytes of a tensor; usable while the source is open.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor, or it is larger than a span can be.</exception>
    public static ReadOnlyMemory<byte> Of(ITensorSource source, string name) => new TensorMemory(source, name).Memory;

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        // Writable in type only: the caller gets read-only memory.
        ReadOnlySpan<byte> bytes = source.Bytes(name);
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), bytes.Length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Unpin() => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
