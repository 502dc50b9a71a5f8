using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <content>One block of 32: its maximum, its codes, its values. Scalar and vector code agree bit for bit.</content>
internal static partial class Mxfp4
{
    /// <summary>E2M1 codes by twice the magnitude, 0 to 12.</summary>
    private static Vector128<byte> CodeByDouble => Vector128.Create((byte)0, 1, 2, 3, 4, 0, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0);

    /// <summary>Twice the value of every E2M1 code.</summary>
    private static Vector128<sbyte> DoubleByCode => Vector128.Create((sbyte)0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

    /// <summary>Largest magnitude, NaN ignored.</summary>
    internal static float Maximum(ReadOnlySpan<float> values)
    {
        int maximum = 0;
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<int> most = Vector128<int>.Zero;
            for (; i <= values.Length - 4; i += 4)
                most = Vector128.Max(most, MagnitudeBits(Vector128.Create(values[i..])));
            maximum = LargestLane(most);
        }
        for (; i < values.Length; i++)
        {
            int bits = BitConverter.SingleToInt32Bits(values[i]) & 0x7FFF_FFFF;
            maximum = Math.Max(maximum, bits <= 0x7F80_0000 ? bits : 0);
        }
        return BitConverter.Int32BitsToSingle(maximum);
    }

    /// <summary>Codes of 32 values.</summary>
    internal static void EncodeBlock(ReadOnlySpan<float> values, float inverse, TieRule ties, Span<byte> codes)
    {
        if (Vector128.IsHardwareAccelerated)
            EncodeBlock128(ref MemoryMarshal.GetReference(values), inverse, ties).CopyTo(codes);
        else
            EncodeBlockScalar(values, inverse, ties, codes);
    }

    /// <summary>Values of 32 codes.</summary>
    internal static void DecodeBlock(ReadOnlySpan<byte> codes, byte scale, Span<float> values)
    {
        if (Vector128.IsHardwareAccelerated && scale != E8M0.NaN)
            DecodeBlock128(Vector128.Create(codes), scale, ref MemoryMarshal.GetReference(values));
        else
            DecodeBlockScalar(codes, scale, values);
    }

    internal static void EncodeBlockScalar(ReadOnlySpan<float> values, float inverse, TieRule ties, Span<byte> codes)
    {
        for (int i = 0; i < BlockBytes; i++)
        {
            int even = E2M1.Encode(values[2 * i] * inverse, ties);
            int odd = E2M1.Encode(values[(2 * i) + 1] * inverse, ties);
            codes[i] = (byte)(even | (odd << 4));
        }
    }

    internal static void DecodeBlockScalar(ReadOnlySpan<byte> codes, byte scale, Span<float> values)
    {
        float factor = E8M0.Decode(scale);
        for (int i = 0; i < BlockBytes; i++)
        {
            values[2 * i] = E2M1.Decode(codes[i] & 15) * factor;
            values[(2 * i) + 1] = E2M1.Decode(codes[i] >> 4) * factor;
        }
    }

    internal static Vector128<byte> EncodeBlock128(ref float values, float inverse, TieRule ties)
    {
        Vector128<float> factor = Vector128.Create(inverse);
        Vector128<byte> first = Codes(ref values, factor, ties);
        Vector128<byte> second = Codes(ref Unsafe.Add(ref values, BlockBytes), factor, ties);
        return Vector128.Narrow(PairNibbles(first), PairNibbles(second));
    }

    internal static void DecodeBlock128(Vector128<byte> codes, byte scale, ref float values)
    {
        // Twice the value times half the scale: both exact, as 2^-128 is still a float.
        Vector128<float> factor = Vector128.Create(E8M0.Decode(scale) * 0.5f);
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(codes);
        Store(low, factor, ref values);
        Store(high, factor, ref Unsafe.Add(ref values, BlockBytes));

        static void Store(Vector128<ushort> pairs, Vector128<float> factor, ref float values)
        {
            Vector128<byte> codes = ((pairs | (pairs << 4)) & Vector128.Create((ushort)0x0F0F)).AsByte();
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.ShuffleNative(DoubleByCode, codes.AsSByte()));
            (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
            (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
            (Vector128.ConvertToSingle(a) * factor).StoreUnsafe(ref values);
            (Vector128.ConvertToSingle(b) * factor).StoreUnsafe(ref values, 4);
            (Vector128.ConvertToSingle(c) * factor).StoreUnsafe(ref values, 8);
            (Vector128.ConvertToSingle(d) * factor).StoreUnsafe(ref values, 12);
        }
    }

    /// <summary>Codes of 16 values, a byte each.</summary>
    private static Vector128<byte> Codes(ref float values, Vector128<float> inverse, TieRule ties)
    {
        Vector128<int> a = DoublesWithSign(Vector128.LoadUnsafe(ref values) * inverse, ties);
        Vector128<int> b = DoublesWithSign(Vector128.LoadUnsafe(ref values, 4) * inverse, ties);
        Vector128<int> c = DoublesWithSign(Vector128.LoadUnsafe(ref values, 8) * inverse, ties);
        Vector128<int> d = DoublesWithSign(Vector128.LoadUnsafe(ref values, 12) * inverse, ties);
        Vector128<byte> doubles = Vector128.Narrow(Vector128.Narrow(a, b), Vector128.Narrow(c, d)).AsByte();
        Vector128<byte> magnitudes = Vector128.ShuffleNative(CodeByDouble, doubles & Vector128.Create((byte)0x0F));
        return magnitudes | ((doubles >> 1) & Vector128.Create((byte)0x08));
    }

    /// <summary>Twice the rounded magnitude in the low four bits, the sign in the fifth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> DoublesWithSign(Vector128<float> value, TieRule ties)
    {
        Vector128<float> magnitude = Vector128.Abs(E2M1.Round(value, ties));
        Vector128<int> negative = Vector128.LessThan(value, Vector128.Create(ties == TieRule.Even ? -0.25f : -0.24999999f)).AsInt32();
        return Vector128.ConvertToInt32(magnitude + magnitude) | (negative & Vector128.Create(0x10));
    }

    /// <summary>Neighbouring codes joined, the even one low, in the low byte of every lane.</summary>
    private static Vector128<ushort> PairNibbles(Vector128<byte> codes)
    {
        Vector128<ushort> pairs = codes.AsUInt16();
        return (pairs | (pairs >> 4)) & Vector128.Create((ushort)0x00FF);
    }

    /// <summary>Magnitudes as integers, which order as the floats do; NaN becomes 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> MagnitudeBits(Vector128<float> values)
    {
        Vector128<int> bits = values.AsInt32() & Vector128.Create(0x7FFF_FFFF);
        return bits & Vector128.LessThanOrEqual(bits, Vector128.Create(0x7F80_0000));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LargestLane(Vector128<int> bits)
    {
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(2, 3, 0, 1)));
        bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(1, 0, 3, 2)));
        return bits.ToScalar();
    }
}
