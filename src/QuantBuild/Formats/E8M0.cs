using System.Numerics;
using System.Runtime.CompilerServices;

namespace QuantBuild.Formats;

/// <summary>The OCP MX scale: one byte <c>b</c> that stands for <c>2^(b - 127)</c>; 255 is not a number.</summary>
internal static class E8M0
{
    /// <summary>The byte of the scale 1.</summary>
    public const byte One = 127;

    /// <summary>The byte that stands for no number; <see cref="FromExponent"/> never returns it.</summary>
    public const byte NaN = 255;

    /// <summary>The scale as a float; byte 0 is the subnormal <c>2^-127</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(byte code) => code == NaN ? float.NaN : BitConverter.Int32BitsToSingle(Math.Max(code << 23, 0x0040_0000));

    /// <summary>The reciprocal of <see cref="Decode"/>, exact: dividing by a scale is multiplying by this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Inverse(byte code) => code == NaN ? float.NaN : Decode((byte)(254 - code));

    /// <summary>The byte nearest to <c>2^exponent</c>: exponents outside -127 to 127 saturate.</summary>
    public static byte FromExponent(int exponent) => (byte)(Math.Clamp(exponent, -127, 127) + 127);

    /// <summary>The scale of a block whose largest magnitude is <paramref name="maximum"/>.</summary>
    /// <param name="maximum">Largest magnitude of the block, not negative; infinity takes the largest scale.</param>
    /// <param name="rule">How the exponent is chosen.</param>
    /// <param name="offset">Added to the exponent before it saturates.</param>
    /// <returns>The scale's byte; <see cref="One"/> for an empty block (<paramref name="maximum"/> 0).</returns>
    public static byte ForMaximum(float maximum, ScaleRule rule, int offset = 0) =>
        maximum == 0 ? One : FromExponent(Exponent(maximum, rule) + offset);

    /// <summary>
    /// The exponent <paramref name="rule"/> gives for a positive magnitude, taken from the float's bits and therefore exact.
    /// </summary>
    /// <remarks>
    /// With <c>a = m 2^k, 1 &lt;= m &lt; 2</c>: Floor is <c>k - 2</c>. Ceil is the least e with <c>a &lt;= 6 2^e = 1.5 2^(e+2)</c>,
    /// that is <c>k - 2</c> up to <c>m = 1.5</c> and <c>k - 1</c> above.
    /// </remarks>
    /// <param name="maximum">Positive; subnormals have their true exponent, infinity has 127.</param>
    /// <param name="rule">How the exponent is chosen.</param>
    public static int Exponent(float maximum, ScaleRule rule)
    {
        uint bits = BitConverter.SingleToUInt32Bits(maximum);
        if (bits >= 0x7F80_0000)
            return 127;
        int exponent = (int)(bits >> 23) - 127;
        uint mantissa = bits & 0x007F_FFFF;
        if (bits < 0x0080_0000)
        {
            int shift = BitOperations.LeadingZeroCount(bits) - 8;
            exponent = -126 - shift;
            mantissa = (bits << shift) & 0x007F_FFFF;
        }
        return rule == ScaleRule.Ceil && mantissa > 0x0040_0000 ? exponent - 1 : exponent - 2;
    }
}
