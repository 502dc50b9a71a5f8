using System.Buffers;
using System.Runtime.InteropServices;

namespace QuantBuild.SafeTensors;

/// <summary>A tensor to write.</summary>
/// <param name="name">Its name.</param>
/// <param name="type">Its element type.</param>
/// <param name="shape">Its dimensions, outermost first.</param>
/// <param name="write">Writes its little-endian bytes, exactly as many as shape and type say.</param>
/// <exception cref="SafeTensorsException">The shape is negative, too large, or no whole number of bytes.</exception>
public sealed class TensorData(string name, DType type, IReadOnlyList<long> shape, Action<Stream> write)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Its element type.</summary>
    public DType DType { get; } = type;

    /// <summary>Its dimensions, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; } = shape;

    /// <summary>Bytes it takes.</summary>
    public long ByteLength { get; } = Measure(name, type, shape);

    /// <summary>Writes its bytes.</summary>
    public void Write(Stream stream) => write(stream);

    /// <summary>A float32 tensor.</summary>
    public static TensorData Of(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        new(name, DType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>An int32 tensor.</summary>
    public static TensorData Of(string name, IReadOnlyList<long> shape, ReadOnlyMemory<int> values) =>
        new(name, DType.I32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>A byte tensor.</summary>
    public static TensorData Of(string name, IReadOnlyList<long> shape, ReadOnlyMemory<byte> values) => Of(name, DType.U8, shape, values);

    /// <summary>A tensor whose bytes are at hand.</summary>
    public static TensorData Of(string name, DType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes) =>
        new(name, type, shape, stream => stream.Write(bytes.Span));

    /// <summary>A bfloat16 tensor of given bits.</summary>
    public static TensorData BFloat16(string name, IReadOnlyList<long> shape, ReadOnlyMemory<ushort> bits) =>
        new(name, DType.BF16, shape, stream => stream.Write(MemoryMarshal.AsBytes(bits.Span)));

    /// <summary>A tensor of an open source, byte for byte.</summary>
    /// <param name="source">Must be open when the tensor is written.</param>
    /// <param name="name">The tensor in the source.</param>
    /// <param name="newName">Name to write it under; null keeps it.</param>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    public static TensorData Copy(ITensorSource source, string name, string? newName = null)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");
        return new TensorData(newName ?? name, tensor.DType, tensor.Shape, stream =>
        {
            const int Piece = 1 << 20;
            byte[] bytes = ArrayPool<byte>.Shared.Rent((int)Math.Min(Piece, tensor.ByteLength));
            try
            {
                for (long done = 0; done < tensor.ByteLength; done += Piece)
                {
                    Span<byte> piece = bytes.AsSpan(0, (int)Math.Min(Piece, tensor.ByteLength - done));
                    source.Read(name, done, piece);
                    stream.Write(piece);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
            source.Release(name, 0, tensor.ByteLength);
        });
    }

    private static long Measure(string name, DType type, IReadOnlyList<long> shape)
    {
        var bits = (UInt128)type.Bits();
        foreach (long dimension in shape)
        {
            if (dimension < 0)
                throw new SafeTensorsException("NegativeDimension", $"tensor '{name}' has a dimension of {dimension}");
            bits *= (UInt128)dimension;
            if (bits > long.MaxValue)
                throw new SafeTensorsException("ValidationOverflow", $"the shape of tensor '{name}' is too large");
        }
        return bits % 8 == 0
            ? (long)(bits / 8)
            : throw new SafeTensorsException("MisalignedSlice", $"tensor '{name}' has {bits} bits, which is no whole number of bytes");
    }
}
