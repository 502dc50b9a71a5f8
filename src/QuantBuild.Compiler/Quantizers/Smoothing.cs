using System.Numerics;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Channel-wise smoothing, eq. (5) of the paper: <c>X W = (X D^-1)(D W)</c> with <c>D = diag(scale)</c>.</summary>
public static class Smoothing
{
    /// <summary>Maxima below this count as this, so that a dead channel gives neither a zero nor an infinite scale.</summary>
    public const float Floor = 1e-8f;

    /// <summary>Widens <paramref name="absmax"/> to cover a weight: per input channel, the largest magnitude seen so far.</summary>
    /// <remarks>Start from zeros; call once per weight that reads the activation.</remarks>
    /// <param name="weight">Weight, [out, in], row-major.</param>
    /// <param name="absmax">Maximum per input channel, [in]; updated.</param>
    /// <param name="firstRow">Number of the first row, for messages, when <paramref name="weight"/> is a part of a weight.</param>
    /// <exception cref="NumericException">The weight has a value that is not finite.</exception>
    public static void AccumulateAbsmax(ReadOnlyMatrixView weight, Span<float> absmax, int firstRow = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(absmax.Length, weight.Columns);
        Finite.CheckPart(NumericException.Weight, weight, firstRow);
        for (int row = 0; row < weight.Rows; row++)
        {
            ReadOnlySpan<float> values = Rows.Of(weight, row);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                Vector.Max(Vector.Abs(new Vector<float>(values[i..])), new Vector<float>(absmax[i..])).CopyTo(absmax[i..]);
            for (; i < values.Length; i++)
                absmax[i] = Math.Max(Math.Abs(values[i]), absmax[i]);
        }
    }

    /// <summary><c>scale = a^alpha / w^(1 - alpha)</c> per channel, with both maxima raised to <see cref="Floor"/>.</summary>
    /// <remarks>Both powers and the quotient are taken in double precision; the result is rounded once. It is positive and finite.</remarks>
    /// <param name="activationAbsmax">Largest magnitude of each input channel over the calibration tokens, [in].</param>
    /// <param name="weightAbsmax">Largest magnitude of each input channel over the weights that share the scale, [in].</param>
    /// <param name="alpha">Share of the range that moves from activations to weights, 0 to 1.</param>
    /// <param name="scale">The result, [in]: activations are divided by it, weights multiplied.</param>
    /// <exception cref="NumericException">A maximum is negative, NaN or infinite.</exception>
    public static void Scale(ReadOnlySpan<float> activationAbsmax, ReadOnlySpan<float> weightAbsmax, double alpha, Span<float> scale)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(activationAbsmax.Length, scale.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weightAbsmax.Length, scale.Length);
        if (!(alpha >= 0 && alpha <= 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha lies between 0 and 1");
        CheckMaxima(NumericException.ActivationAbsmax, activationAbsmax);
        CheckMaxima("weight absmax", weightAbsmax);
        for (int i = 0; i < scale.Length; i++)
        {
            double activation = DeterministicMath.Pow(Math.Max(activationAbsmax[i], Floor), alpha);
            double weight = DeterministicMath.Pow(Math.Max(weightAbsmax[i], Floor), 1 - alpha);
            scale[i] = (float)(activation / weight);
        }
    }

    /// <summary><c>W[:, i] *= scale[i]</c>, in float32 (the smoothed weight is not rounded to bfloat16).</summary>
    /// <param name="weight">Weight, [out, in], row-major; becomes the smoothed weight.</param>
    /// <param name="scale">Scale per input channel, [in].</param>
    /// <exception cref="NumericException">The scale is not positive and finite, or a smoothed weight is not finite.</exception>
    public static void ApplyToWeight(MatrixView weight, ReadOnlySpan<float> scale)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scale.Length, weight.Columns);
        Finite.CheckPositive("smoothing scale", scale);
        for (int row = 0; row < weight.Rows; row++)
        {
            Span<float> values = Rows.Of(weight, row);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(values[i..]) * new Vector<float>(scale[i..])).CopyTo(values[i..]);
            for (; i < values.Length; i++)
                values[i] *= scale[i];
        }
        Finite.Check("smoothed weight", weight);
    }

    /// <summary><c>result[:, i] = X[:, i] / scale[i]</c>, in float32: a division, not a product with the reciprocal.</summary>
    /// <param name="x">Activations, [tokens, in], row-major.</param>
    /// <param name="scale">Scale per input channel, [in]; empty for none, which copies.</param>
    /// <param name="result">Smoothed activations, [tokens, in], row-major; may be the same memory as <paramref name="x"/>.</param>
    /// <exception cref="NumericException">The scale is not positive and finite, or a smoothed activation is not finite.</exception>
    public static void ApplyToActivation(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, MatrixView result)
    {
        if (!TryApplyToActivation(x, scale, result))
            Finite.Check("smoothed activation", result);
    }

    /// <summary>The same; false when a smoothed activation is not finite.</summary>
    internal static bool TryApplyToActivation(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, MatrixView result)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Columns, x.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Rows, x.Rows);
        if (scale.IsEmpty)
        {
            for (int row = 0; row < x.Rows; row++)
                Rows.Of(x, row).CopyTo(Rows.Of(result, row));
            return true;
        }
        ArgumentOutOfRangeException.ThrowIfNotEqual(scale.Length, x.Columns);
        Finite.CheckPositive("smoothing scale", scale);
        bool finite = true;
        for (int row = 0; row < x.Rows; row++)
        {
            ReadOnlySpan<float> source = Rows.Of(x, row);
            Span<float> destination = Rows.Of(result, row);
            int i = 0;
            for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(source[i..]) / new Vector<float>(scale[i..])).CopyTo(destination[i..]);
            for (; i < source.Length; i++)
                destination[i] = source[i] / scale[i];
            finite &= Kernels.Finite.IsFinite(destination);
        }
        return finite;
    }

    private static void CheckMaxima(string quantity, ReadOnlySpan<float> maxima)
    {
        for (int i = 0; i < maxima.Length; i++)
        {
            if (!(maxima[i] >= 0) || float.IsInfinity(maxima[i]))
                throw new NumericException(quantity, $"channel {i}", maxima[i]);
        }
    }
}
