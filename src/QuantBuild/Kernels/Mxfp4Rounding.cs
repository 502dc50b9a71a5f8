using System.Runtime.CompilerServices;
using QuantBuild.Formats;

namespace QuantBuild.Kernels;

/// <summary>How activations are rounded to MXFP4 (ceil rule).</summary>
/// <param name="Ties">Where exact midpoints go.</param>
/// <param name="Ratio">Multiplies a 32-block's largest magnitude before its scale is chosen.</param>
/// <param name="ExponentOffset">Added to every scale's exponent.</param>
/// <param name="Threshold">Values are clamped to plus and minus it first; infinity leaves them.</param>
internal readonly record struct Mxfp4Rounding(TieRule Ties, float Ratio, int ExponentOffset, float Threshold)
{
    /// <summary>The rounding of a clip setting.</summary>
    public Mxfp4Rounding(TieRule ties, ClipSetting clip) : this(ties, clip.BlockRatio, clip.ExponentOffset, clip.Limit)
    {
    }

    /// <summary>The scale of a block whose largest magnitude, before clamping, is <paramref name="maximum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte Scale(float maximum) => E8M0.ForMaximum(Math.Min(maximum, Threshold) * Ratio, ScaleRule.Ceil, ExponentOffset);

    /// <summary>Twice the E2M1 values of 32 activations.</summary>
    /// <param name="x">The activations.</param>
    /// <param name="maximum">Their largest magnitude.</param>
    /// <param name="scale">Their scale.</param>
    /// <param name="values">Receives the values.</param>
    /// <returns>The sum of the values.</returns>
    internal unsafe int Apply(float* x, float maximum, byte scale, sbyte* values)
    {
        if (maximum <= Threshold)
            return Mxfp4.Doubles(x, scale, Ties, values);
        float* clamped = stackalloc float[Mxfp4.BlockSize];
        for (int i = 0; i < Mxfp4.BlockSize; i++)
            clamped[i] = Math.Min(Math.Max(x[i], -Threshold), Threshold);
        return Mxfp4.Doubles(clamped, scale, Ties, values);
    }

    /// <summary>The 32 activations of a block in place, or copied and filled up with zeros when the row ends before.</summary>
    internal static unsafe float* Block(float* row, int columns, int block, float* padded)
    {
        int first = block * Mxfp4.BlockSize, count = columns - first;
        if (count >= Mxfp4.BlockSize)
            return row + first;
        var room = new Span<float>(padded, Mxfp4.BlockSize);
        room.Clear();
        new ReadOnlySpan<float>(row + first, count).CopyTo(room);
        return padded;
    }
}
