using System.Buffers;
using System.Runtime.InteropServices;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Streaming;

/// <summary>Reads adjacent elements of a tensor as bytes of the type that is wanted on the device; from any thread.</summary>
/// <param name="first">Index of the first element.</param>
/// <param name="destination">Receives as many elements as it has room for.</param>
internal delegate void PortionReader(long first, Span<byte> destination);

/// <summary>
/// Tensors of a file as the element type of a device, portion by portion and without libtorch, whose threads are those that compute.
/// </summary>
internal static class TensorPortions
{
    // Values that are on their way from float32 to bfloat16.
    private const int RoundedAtOnce = 1 << 16;

    /// <summary>The reader of a tensor: the bytes that <see cref="TensorUpload"/> brings.</summary>
    /// <param name="source">Where it is; F32, F16, BF16 or, unchanged, U8.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="type">The type wanted: float32 or bfloat16, or the file's.</param>
    /// <exception cref="SafeTensorsException">There is no such tensor, or its type cannot be brought there.</exception>
    public static PortionReader Of(ITensorSource source, string name, ScalarType type)
    {
        if (TensorUpload.TypeOf(source, name) == type)
        {
            int size = source.Tensors[name].DType.Bits() / 8;
            return (first, destination) =>
            {
                source.Read(name, first * size, destination);
                source.Release(name, first * size, destination.Length);
            };
        }
        return type switch
        {
            ScalarType.Float32 => (first, destination) => source.ReadFloat32(name, first, MemoryMarshal.Cast<byte, float>(destination)),
            ScalarType.BFloat16 => (first, destination) => ReadRounded(source, name, first, MemoryMarshal.Cast<byte, ushort>(destination)),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "float32, bfloat16 or the file's type"),
        };
    }

    private static void ReadRounded(ITensorSource source, string name, long first, Span<ushort> destination)
    {
        float[] some = ArrayPool<float>.Shared.Rent(Math.Min(RoundedAtOnce, destination.Length));
        try
        {
            for (int done = 0; done < destination.Length; done += RoundedAtOnce)
            {
                Span<ushort> part = destination.Slice(done, Math.Min(RoundedAtOnce, destination.Length - done));
                Span<float> values = some.AsSpan(0, part.Length);
                source.ReadFloat32(name, first + done, values);
                QuantBuild.Formats.BFloat16.FromSingle(values, part);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(some);
        }
    }
}
