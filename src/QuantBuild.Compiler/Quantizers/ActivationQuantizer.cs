using System.Numerics;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Q_A of the paper: how the smoothed activations of a layer are rounded to MXFP4 in one bin.</summary>
/// <param name="Clip">How they are clipped.</param>
/// <param name="Ties">How exact midpoints round.</param>
internal sealed record ActivationQuantizer(ClipSetting Clip, TieRule Ties)
{
    /// <summary>No clipping: every block's scale covers its maximum.</summary>
    public static ActivationQuantizer Unclipped(TieRule ties) => new(ClipSetting.None, ties);

    /// <summary>The same for the integer kernels.</summary>
    public Mxfp4Rounding Rounding => new(Ties, Clip);

    /// <summary>Rounds and reads back: the values that the 4-bit main branch multiplies.</summary>
    /// <param name="x">Smoothed activations, [tokens, in], row-major.</param>
    /// <param name="result">Receives [tokens, in], row-major; may be the memory of <paramref name="x"/>.</param>
    public void Apply(ReadOnlyMatrixView x, MatrixView result)
    {
        if (Clip.Threshold is not { } threshold)
        {
            Mxfp4.QuantizeDequantize(x, result, ScaleRule.Ceil, Ties, Clip.BlockRatio, Clip.ExponentOffset);
            return;
        }
        for (int row = 0; row < x.Rows; row++)
            Clamp(Rows.Of(x, row), Rows.Of(result, row), threshold);
        Mxfp4.QuantizeDequantize(result, result, ScaleRule.Ceil, Ties, Clip.BlockRatio, Clip.ExponentOffset);
    }

    private static void Clamp(ReadOnlySpan<float> source, Span<float> destination, float threshold)
    {
        int i = 0;
        var high = new Vector<float>(threshold);
        var low = new Vector<float>(-threshold);
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Min(Vector.Max(new Vector<float>(source[i..]), low), high).CopyTo(destination[i..]);
        for (; i < source.Length; i++)
            destination[i] = Math.Min(Math.Max(source[i], -threshold), threshold);
    }
}
