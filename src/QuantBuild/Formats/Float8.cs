namespace QuantBuild.Formats;

/// <summary>
/// 8-bit floats of checkpoints (OCP 8-bit Floating Point Specification, sections 5.1 and 5.2): a table of 256 values each.
/// </summary>
internal static class Float8
{
    /// <summary>E4M3: bias 7, no infinity, a NaN of either sign (0x7f, 0xff), at most 448.</summary>
    public static ReadOnlySpan<float> E4M3 => E4M3Values;

    /// <summary>E5M2: bias 15, infinities and NaNs as in IEEE 754, at most 57344.</summary>
    public static ReadOnlySpan<float> E5M2 => E5M2Values;

    private static readonly float[] E4M3Values = Table(mantissaBits: 3, bias: 7, code => (code & 0x7f) == 0x7f ? float.NaN : null);

    private static readonly float[] E5M2Values = Table(mantissaBits: 2, bias: 15, code => (code & 0x7c) != 0x7c ? null
        : (code & 3) != 0 ? float.NaN
        : (code & 0x80) != 0 ? float.NegativeInfinity
        : float.PositiveInfinity);

    private static float[] Table(int mantissaBits, int bias, Func<int, float?> special)
    {
        var values = new float[256];
        for (int code = 0; code < values.Length; code++)
        {
            int exponent = (code & 0x7f) >> mantissaBits, mantissa = code & ((1 << mantissaBits) - 1);
            float magnitude = exponent == 0
                ? MathF.ScaleB(mantissa, 1 - bias - mantissaBits)
                : MathF.ScaleB(mantissa + (1 << mantissaBits), exponent - bias - mantissaBits);
            values[code] = special(code) ?? ((code & 0x80) != 0 ? -magnitude : magnitude);
        }
        return values;
    }
}
