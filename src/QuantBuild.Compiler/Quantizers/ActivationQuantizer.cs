using System.Numerics;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Q_A of the paper: how the smoothed activations of a layer are rounded to MXFP4 in one bin.</summary>
/// <param name="Ratio">Multiplies every 32-block's own maximum before its scale is chosen (block granularity); 1 otherwise.</param>
/// <param name="ExponentOffset">Added to every block's exponent.</param>
/// <param name="Threshold">Values are clamped to plus and minus it first (bin granularity, eq. 8); infinity leaves them.</param>
/// <param name="Ties">How exact midpoints round.</param>
public sealed record ActivationQuantizer(float Ratio, int ExponentOffset, float Threshold, TieRule Ties)
{
    /// <summary>No clipping: every block's scale covers its maximum.</summary>
    public static ActivationQuantizer Unclipped(TieRule ties) => new(1, 0, float.PositiveInfinity, ties);

    /// <summary>The same for the integer kernels.</summary>
    public Mxfp4Rounding Rounding => new(Ties, Ratio, ExponentOffset, Threshold);

    /// <summary>Rounds and reads back: the values that the 4-bit main branch multiplies.</summary>
    /// <param name="x">Smoothed activations, [tokens, in], row-major.</param>
    /// <param name="result">Receives [tokens, in], row-major; may be the memory of <paramref name="x"/>.</param>
    public void Apply(ReadOnlyMatrixView x, MatrixView result)
    {
        if (float.IsPositiveInfinity(Threshold))
        {
            Mxfp4.QuantizeDequantize(x, result, ScaleRule.Ceil, Ties, Ratio, ExponentOffset);
            return;
        }
        for (int row = 0; row < x.Rows; row++)
            Clamp(Rows.Of(x, row), Rows.Of(result, row));
        Mxfp4.QuantizeDequantize(result, result, ScaleRule.Ceil, Ties, Ratio, ExponentOffset);
    }

    private void Clamp(ReadOnlySpan<float> source, Span<float> destination)
    {
        int i = 0;
        var high = new Vector<float>(Threshold);
        var low = new Vector<float>(-Threshold);
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Min(Vector.Max(new Vector<float>(source[i..]), low), high).CopyTo(destination[i..]);
        for (; i < source.Length; i++)
            destination[i] = Math.Min(Math.Max(source[i], -Threshold), Threshold);
    }
}
