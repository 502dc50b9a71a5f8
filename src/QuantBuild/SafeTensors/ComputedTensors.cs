using System.Runtime.InteropServices;

namespace QuantBuild.SafeTensors;

/// <summary>A source some of whose tensors are computed when they are read, as float32; the others pass through.</summary>
/// <remarks>Nothing computed is kept: memory holds what the reader asked for.</remarks>
/// <param name="source">Where the tensors come from; must stay open.</param>
internal abstract class ComputedTensors(ITensorSource source) : ITensorSource
{
    /// <inheritdoc/>
    public abstract IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Where the tensors come from.</summary>
    protected ITensorSource Source => source;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        if (!IsComputed(name))
            return source.Bytes(name);
        long count = Tensors[name].ElementCount;
        return count <= Array.MaxLength / sizeof(float)
            ? Bytes(name, 0, (int)count * sizeof(float))
            : throw new SafeTensorsException("TensorTooLarge", $"tensor '{name}' has {count} elements, more than an array can hold");
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        if (!IsComputed(name))
            return source.Bytes(name, offset, length);
        var bytes = new byte[length];
        Read(name, offset, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination)
    {
        if (!IsComputed(name))
        {
            source.Read(name, offset, destination);
            return;
        }
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, (Tensors[name].ElementCount * sizeof(float)) - offset);
        if (offset % sizeof(float) == 0 && destination.Length % sizeof(float) == 0)
        {
            Compute(name, offset / sizeof(float), MemoryMarshal.Cast<byte, float>(destination));
            return;
        }
        // A part that begins or ends within an element: of the elements around it, the bytes asked for.
        long first = offset / sizeof(float), last = (offset + destination.Length + sizeof(float) - 1) / sizeof(float);
        var whole = new float[last - first];
        Compute(name, first, whole);
        MemoryMarshal.AsBytes(whole.AsSpan()).Slice((int)(offset - (first * sizeof(float))), destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination)
    {
        if (!IsComputed(name))
        {
            source.ReadFloat32(name, destination);
            return;
        }
        long count = Tensors[name].ElementCount;
        if (count != destination.Length)
            throw new SafeTensorsException("WrongLength", $"tensor '{name}' has {count} elements, not {destination.Length}");
        Compute(name, 0, destination);
    }

    /// <inheritdoc/>
    public virtual void Prefetch(string name) => source.Prefetch(name);

    /// <inheritdoc/>
    public virtual void Release(string name, long offset, long length)
    {
        if (!IsComputed(name))
            source.Release(name, offset, length);
    }

    /// <summary>Whether a tensor is computed.</summary>
    protected abstract bool IsComputed(string name);

    /// <summary>Computes adjacent elements.</summary>
    /// <param name="name">A computed tensor.</param>
    /// <param name="first">Index of the first element, row-major.</param>
    /// <param name="destination">Receives as many as it has.</param>
    protected abstract void Compute(string name, long first, Span<float> destination);

    /// <summary>The entry of a computed tensor: float32, of the shape given.</summary>
    protected static TensorInfo Entry(string name, IReadOnlyList<long> shape, long elements) =>
        new(name, DType.F32, shape, 0, checked(elements * sizeof(float)));
}
