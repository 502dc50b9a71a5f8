using System.Runtime.InteropServices;
using QuantBuild.Formats;

namespace QuantBuild.SafeTensors;

/// <summary>Little-endian tensor bytes as float32.</summary>
internal static class FloatBytes
{
    /// <summary>Converts as many elements as <paramref name="destination"/> has.</summary>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="bytes">Exactly those elements.</param>
    /// <param name="destination">Receives them.</param>
    public static void Read(DType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        switch (type)
        {
            case DType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case DType.F16:
                Float16.ToSingle(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
                break;
            case DType.BF16:
                BFloat16.ToSingle(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "no floating-point type that fits float32");
        }
    }
}
