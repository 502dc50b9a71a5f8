using System.Buffers;
using System.Runtime.InteropServices;

namespace QuantBuild.SafeTensors;

/// <summary>Conveniences over <see cref="ITensorSource"/>.</summary>
public static class TensorSourceExtensions
{
    /// <summary>A tensor stored F32, F16 or BF16 as a new float32 array, row-major.</summary>
    /// <exception cref="SafeTensorsException">No such tensor, or another element type.</exception>
    public static float[] ReadFloat32(this ITensorSource source, string name)
    {
        // Without the tensor the source itself says so, with its path.
        long count = source.Tensors.TryGetValue(name, out TensorInfo? tensor) ? tensor.ElementCount : 0;
        if (count > Array.MaxLength)
            throw new SafeTensorsException("TensorTooLarge", $"tensor '{name}' has {count} elements, more than an array can hold");
        var values = new float[count];
        source.ReadFloat32(name, values);
        return values;
    }

    /// <summary>Converts adjacent elements of a tensor stored F32, F16 or BF16 to float32.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="first">Index of the first element wanted.</param>
    /// <param name="destination">Receives as many elements as it has.</param>
    /// <exception cref="SafeTensorsException">No such tensor, or another element type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part reaches beyond the tensor.</exception>
    public static void ReadFloat32(this ITensorSource source, string name, long first, Span<float> destination)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");
        if (tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
            throw new SafeTensorsException("WrongDType", $"tensor '{name}' is {tensor.DType}; F32, F16 or BF16 can be read as float32",
                (source as SafeTensorsFile)?.Path);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, tensor.ElementCount - first, nameof(destination));

        // In portions, so that a large tensor's pages do not all count as memory beside their converted values.
        const int Portion = 1 << 22;
        int size = tensor.DType.Bits() / 8;
        for (int done = 0; done < destination.Length; done += Portion)
        {
            Span<float> portion = destination.Slice(done, Math.Min(Portion, destination.Length - done));
            ReadPortion(source, name, tensor.DType, (first + done) * size, portion);
            source.Release(name, (first + done) * size, (long)portion.Length * size);
        }
    }

    private static void ReadPortion(ITensorSource source, string name, DType type, long offset, Span<float> destination)
    {
        if (type == DType.F32)
        {
            source.Read(name, offset, MemoryMarshal.AsBytes(destination));
            return;
        }
        // Pieces that stay in a core's cache between being read and being widened.
        const int Piece = 1 << 18;
        int size = type.Bits() / 8;
        byte[] stored = ArrayPool<byte>.Shared.Rent(Math.Min(Piece, destination.Length) * size);
        try
        {
            for (int done = 0; done < destination.Length; done += Piece)
            {
                Span<float> piece = destination.Slice(done, Math.Min(Piece, destination.Length - done));
                Span<byte> bytes = stored.AsSpan(0, piece.Length * size);
                source.Read(name, offset + ((long)done * size), bytes);
                FloatBytes.Read(type, bytes, piece);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }
}
