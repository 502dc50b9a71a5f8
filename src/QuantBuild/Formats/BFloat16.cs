using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <summary>bfloat16: the upper half of a float32, kept as a <see cref="ushort"/>.</summary>
internal static class BFloat16
{
    private const ushort QuietNaN = 0x7FC0;

    /// <summary>The float32 with the same value; exact.</summary>
    public static float ToSingle(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>The nearest bfloat16, ties to even; every NaN becomes 0x7FC0.</summary>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? QuietNaN : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The value a float32 has after a round trip through bfloat16.</summary>
    public static float Round(float value) => ToSingle(FromSingle(value));

    /// <summary>Every element rounded.</summary>
    public static ushort[] Of(ReadOnlySpan<float> values)
    {
        var bits = new ushort[values.Length];
        FromSingle(values, bits);
        return bits;
    }

    /// <summary>Widens every element.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToSingle(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        ThrowIfLengthsDiffer(source.Length, destination.Length);
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
            for (; i <= source.Length - 8; i += 8)
            {
                (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.Create(source[i..]));
                (low << 16).CopyTo(bits[i..]);
                (high << 16).CopyTo(bits[(i + 4)..]);
            }
        }
        for (; i < source.Length; i++)
            destination[i] = ToSingle(source[i]);
    }

    /// <summary>Rounds every element, as <see cref="FromSingle(float)"/> does.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromSingle(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        ThrowIfLengthsDiffer(source.Length, destination.Length);
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
            for (; i <= source.Length - 8; i += 8)
                Vector128.Narrow(Round(Vector128.Create(bits[i..])), Round(Vector128.Create(bits[(i + 4)..]))).CopyTo(destination[i..]);
        }
        for (; i < source.Length; i++)
            destination[i] = FromSingle(source[i]);
    }

    private static Vector128<uint> Round(Vector128<uint> bits)
    {
        Vector128<uint> rounded = (bits + Vector128.Create(0x7FFFu) + ((bits >> 16) & Vector128<uint>.One)) >> 16;
        Vector128<uint> number = Vector128.LessThanOrEqual((bits & Vector128.Create(0x7FFF_FFFFu)).AsInt32(), Vector128.Create(0x7F80_0000))
            .AsUInt32();
        return Vector128.ConditionalSelect(number, rounded, Vector128.Create((uint)QuietNaN));
    }

    private static void ThrowIfLengthsDiffer(int source, int destination)
    {
        if (source != destination)
            throw new ArgumentException($"{source} elements do not convert into {destination}");
    }
}
