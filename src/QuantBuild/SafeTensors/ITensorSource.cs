namespace QuantBuild.SafeTensors;

/// <summary>Named tensors to read: one file, a sharded checkpoint, or an embedded artifact.</summary>
public interface ITensorSource
{
    /// <summary>All tensors by name (ordinal).</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The raw little-endian bytes of a tensor, valid while the source is open.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor, or it is larger than a span can be.</exception>
    ReadOnlySpan<byte> Bytes(string name);

    /// <summary>Part of the raw bytes of a tensor of any size, valid while the source is open.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">First byte wanted, counted from the tensor's first.</param>
    /// <param name="length">Bytes wanted.</param>
    /// <remarks>The default serves sources all of whose tensors fit a span.</remarks>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part reaches beyond the tensor.</exception>
    ReadOnlySpan<byte> Bytes(string name, long offset, int length) => Bytes(name).Slice(checked((int)offset), length);

    /// <summary>Copies part of the raw bytes of a tensor of any size.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">First byte wanted, counted from the tensor's first.</param>
    /// <param name="destination">Receives as many bytes as it has.</param>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part reaches beyond the tensor.</exception>
    void Read(string name, long offset, Span<byte> destination) => Bytes(name, offset, destination.Length).CopyTo(destination);

    /// <summary>Converts a tensor stored F32, F16 or BF16 to float32.</summary>
    /// <exception cref="SafeTensorsException">No such tensor, another element type, or another element count.</exception>
    void ReadFloat32(string name, Span<float> destination);

    /// <summary>
    /// Says that a tensor will be read soon, so that a file can be read from the disk meanwhile. Does not wait, and changes no result.
    /// </summary>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    void Prefetch(string name)
    {
    }

    /// <summary>
    /// Says that part of a tensor will not be read for a while, so that pages of a mapped file need not count as memory of the process.
    /// Spans stay valid and no result changes; reading the part again costs a little more.  Small tensors may stay.
    /// </summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">First byte, counted from the tensor's first.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    void Release(string name, long offset, long length)
    {
    }
}
