using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <summary>The OCP 4-bit float: one sign bit, two exponent bits, one mantissa bit; no infinity, no NaN.</summary>
/// <remarks>
/// The magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6 are codes 0 to 7; code + 8 is the negative. Code 8 decodes to plain zero.
/// The scalar functions are the specification; the vector ones agree with them bit for bit.
/// </remarks>
internal static class E2M1
{
    /// <summary>Largest magnitude.</summary>
    public const float MaxValue = 6;

    /// <summary>Mantissa bits of a float that an E2M1 magnitude of at least 1 does not have.</summary>
    private const uint DroppedBits = 0x003F_FFFF;

    /// <summary>Just under half a step, so that only what lies beyond a midpoint carries.</summary>
    private const uint BelowHalf = 0x001F_FFFF;

    private static ReadOnlySpan<float> Values => [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>The value of a code.</summary>
    /// <param name="code">0 to 15; higher bits are ignored.</param>
    public static float Decode(int code) => Values[code & 15];

    /// <summary>The code of the nearest value.</summary>
    /// <remarks>
    /// Magnitudes above 6, infinity included, saturate; NaN gives 0. Magnitudes below 0.25 give 0 without a sign. Exactly -0.25 gives
    /// 8 under <see cref="TieRule.Zero"/>, as the paper's code has it, and 0 under <see cref="TieRule.Even"/>.
    /// </remarks>
    /// <param name="value">Value in units of the block's scale.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    public static byte Encode(float value, TieRule ties)
    {
        float magnitude = MathF.Abs(value);
        bool even = ties == TieRule.Even;
        int code = magnitude switch
        {
            > 5 => 7,
            > 3.5f => 6,
            3.5f => even ? 6 : 5,
            > 2.5f => 5,
            > 1.75f => 4,
            1.75f => even ? 4 : 3,
            > 1.25f => 3,
            > 0.75f => 2,
            0.75f => even ? 2 : 1,
            > 0.25f => 1,
            _ => 0,
        };
        bool signed = value < 0 && (code > 0 || (magnitude == 0.25f && !even));
        return (byte)(signed ? code | 8 : code);
    }

    /// <summary>The nearest value; never -0.</summary>
    /// <param name="value">Value in units of the block's scale.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    public static float Round(float value, TieRule ties) => Decode(Encode(value, ties));

    /// <summary>The nearest value of every lane; never -0.</summary>
    /// <param name="value">Values in units of their blocks' scales.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Round(Vector256<float> value, TieRule ties) =>
        RoundNumbers((value.AsUInt32() & Vector256.Equals(value, value).AsUInt32()).AsSingle(), Vector256.Create(TieFactor(ties)));

    /// <summary><see cref="Round(Vector256{float}, TieRule)"/> for lanes that are not NaN, in nine operations.</summary>
    /// <remarks>
    /// With <c>2^k</c> the power of two at or below |v|, at least 1, E2M1 steps by <c>2^(k-1)</c> there: the unit in the last place of
    /// <c>M = 1.5 2^(k+22)</c>. So adding M and taking it away rounds, ties to even. Multiplying by <c>1 - 2^-24</c> inside the fused
    /// addition pulls the midpoints, and nothing else, to the side of zero.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> RoundNumbers(Vector256<float> value, Vector256<float> tieFactor)
    {
        value = Vector256.MaxNative(Vector256.MinNative(value, Vector256.Create(MaxValue)), Vector256.Create(-MaxValue));
        Vector256<int> power = Vector256.Max(value.AsInt32() & Vector256.Create(0x7F80_0000), Vector256.Create((int)OneBits));
        Vector256<float> shift = (power + Vector256.Create((22 << 23) | 0x0040_0000)).AsSingle();
        return Vector256.FusedMultiplyAdd(value, tieFactor, shift) - shift;
    }

    /// <inheritdoc cref="RoundNumbers(Vector256{float}, Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> RoundNumbers(Vector512<float> value, Vector512<float> tieFactor)
    {
        value = Vector512.MaxNative(Vector512.MinNative(value, Vector512.Create(MaxValue)), Vector512.Create(-MaxValue));
        Vector512<int> power = Vector512.Max(value.AsInt32() & Vector512.Create(0x7F80_0000), Vector512.Create((int)OneBits));
        Vector512<float> shift = (power + Vector512.Create((22 << 23) | 0x0040_0000)).AsSingle();
        return Vector512.FusedMultiplyAdd(value, tieFactor, shift) - shift;
    }

    /// <summary>The second factor that <see cref="RoundNumbers(Vector256{float}, Vector256{float})"/> takes for a tie rule.</summary>
    internal static float TieFactor(TieRule ties) => ties == TieRule.Even ? 1 : 0.99999994f;

    /// <inheritdoc cref="Round(Vector256{float}, TieRule)"/>
    /// <remarks>
    /// Uses no fused addition, which processors without wide vectors may lack: at 1 and above, dropping mantissa bits of the float is
    /// E2M1's own rounding; below 1, where it is subnormal, two comparisons are.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Round(Vector128<float> value, TieRule ties)
    {
        Vector128<uint> bits = value.AsUInt32() & Vector128.Create(0x7FFF_FFFFu);
        bits &= Vector128.LessThanOrEqual(bits.AsInt32(), Vector128.Create(0x7F80_0000)).AsUInt32();
        Vector128<float> magnitude = Vector128.MinNative(bits.AsSingle(), Vector128.Create(MaxValue));
        bits = magnitude.AsUInt32();
        Vector128<uint> carry = ((bits >> 22) & Vector128.Create(OddMask(ties))) + Vector128.Create(BelowHalf);
        Vector128<uint> normal = (bits + carry) & Vector128.Create(~DroppedBits);
        Vector128<uint> nonzero = Vector128.GreaterThan(magnitude, Vector128.Create(0.25f)).AsUInt32();
        Vector128<uint> one = Vector128.GreaterThan(magnitude, Vector128.Create(UpperMidpoint(ties))).AsUInt32();
        Vector128<uint> subnormal = Vector128.Create(HalfBits) + (one & Vector128.Create(OneBits - HalfBits));
        Vector128<uint> large = Vector128.GreaterThanOrEqual(magnitude, Vector128<float>.One).AsUInt32();
        Vector128<uint> sign = value.AsUInt32() & Vector128.Create(0x8000_0000u);
        return ((Vector128.ConditionalSelect(large, normal, subnormal) | sign) & nonzero).AsSingle();
    }

    private const uint HalfBits = 0x3F00_0000;
    private const uint OneBits = 0x3F80_0000;

    /// <summary>Selects the bit that makes a midpoint below an odd code carry.</summary>
    private static uint OddMask(TieRule ties) => ties == TieRule.Even ? 1u : 0u;

    /// <summary>Magnitudes above it (and below 1.25) round to 1: the midpoint 0.75, or the float just below it.</summary>
    private static float UpperMidpoint(TieRule ties) => ties == TieRule.Even ? 0.74999994f : 0.75f;
}
