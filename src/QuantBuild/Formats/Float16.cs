using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <summary>IEEE half precision kept as a <see cref="ushort"/>, widened to float32 exactly.</summary>
internal static class Float16
{
    /// <summary>Where a half's exponent and mantissa lie in a float once shifted by 13 bits.</summary>
    private const uint ExponentMask = 0x0F80_0000;

    /// <summary>The difference of the exponent biases, 127 - 15, in place.</summary>
    private const uint Rebias = 112u << 23;

    /// <summary>2^-14, the step from a half's subnormals to its normals.</summary>
    private const uint SmallestNormal = 113u << 23;

    /// <summary>The float32 with the same value; a NaN keeps its payload.</summary>
    public static float ToSingle(ushort value)
    {
        uint bits = (value & 0x7FFFu) << 13;
        uint exponent = bits & ExponentMask;
        uint magnitude = exponent switch
        {
            0 => BitConverter.SingleToUInt32Bits(
                BitConverter.UInt32BitsToSingle(bits + SmallestNormal) - BitConverter.UInt32BitsToSingle(SmallestNormal)),
            ExponentMask => bits + Rebias + Rebias,
            _ => bits + Rebias,
        };
        return BitConverter.UInt32BitsToSingle(magnitude | ((value & 0x8000u) << 16));
    }

    /// <summary>Widens every element.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToSingle(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        if (source.Length != destination.Length)
            throw new ArgumentException($"{source.Length} elements do not convert into {destination.Length}");
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
            for (; i <= source.Length - 8; i += 8)
            {
                (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.Create(source[i..]));
                Widened(low).CopyTo(bits[i..]);
                Widened(high).CopyTo(bits[(i + 4)..]);
            }
        }
        for (; i < source.Length; i++)
            destination[i] = ToSingle(source[i]);
    }

    /// <summary>Rounds every element to nearest, ties to even.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromSingle(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        if (source.Length != destination.Length)
            throw new ArgumentException($"{source.Length} elements do not convert into {destination.Length}");
        for (int i = 0; i < source.Length; i++)
            destination[i] = BitConverter.HalfToUInt16Bits((Half)source[i]);
    }

    private static Vector128<uint> Widened(Vector128<uint> half)
    {
        Vector128<uint> bits = (half & Vector128.Create(0x7FFFu)) << 13;
        Vector128<uint> exponent = bits & Vector128.Create(ExponentMask);
        Vector128<uint> special = Vector128.Equals(exponent, Vector128.Create(ExponentMask)) & Vector128.Create(Rebias);
        Vector128<uint> normal = bits + Vector128.Create(Rebias) + special;
        Vector128<uint> smallest = Vector128.Create(SmallestNormal);
        Vector128<uint> subnormal = ((bits + smallest).AsSingle() - smallest.AsSingle()).AsUInt32();
        Vector128<uint> magnitude = Vector128.ConditionalSelect(Vector128.Equals(exponent, Vector128<uint>.Zero), subnormal, normal);
        return magnitude | ((half & Vector128.Create(0x8000u)) << 16);
    }
}
