using System.Numerics;
using System.Runtime.CompilerServices;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Channel-wise smoothing, eq. (5) of the paper: <c>X W = (X D^-1)(D W)</c> with <c>D = diag(scale)</c>.</summary>
internal static class Smoothing
{
    /// <summary>Maxima below this count as this, so that a dead channel gives neither a zero nor an infinite scale.</summary>
    public const float Floor = 1e-8f;

    private const int RowsAtOnce = 64;
    private const int ChannelsAtOnce = 1024;

    /// <summary>Widens <paramref name="absmax"/> to cover a weight: per input channel, the largest magnitude seen so far.</summary>
    /// <remarks>Start from zeros; call once per weight that reads the activation.</remarks>
    /// <param name="weight">Weight, [out, in], row-major.</param>
    /// <param name="absmax">Maximum per input channel, [in]; updated.</param>
    /// <param name="firstRow">Number of the first row, for messages, when <paramref name="weight"/> is a part of a weight.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="NumericException">The weight has a value that is not finite.</exception>
    public static unsafe void AccumulateAbsmax(ReadOnlyMatrixView weight, Span<float> absmax, int firstRow = 0, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(absmax.Length, weight.Columns);
        Rows.RequireAdjacentColumns(weight);
        fixed (float* data = weight.Data, maxima = absmax)
        {
            var rows = new PinnedMatrix(data, weight.Rows, weight.Columns, weight.RowStride);
            var maximum = new PinnedMatrix(maxima, 1, weight.Columns, weight.Columns);
            Workers.ForRanges(weight.Columns, ChannelsAtOnce, threads, (first, count) =>
            {
                for (int row = 0; row < rows.RowCount; row++)
                    Widen(rows.Row(row).Slice(first, count), maximum.Row(0).Slice(first, count));
            });
        }
        // A maximum takes over what is not a number, and keeps it.
        if (!Kernels.Finite.IsFinite(absmax))
            FiniteValues.CheckPart(NumericException.Weight, weight, firstRow);
    }

    /// <summary><c>scale = a^alpha / w^(1 - alpha)</c> per channel, with both maxima raised to <see cref="Floor"/>.</summary>
    /// <remarks>
    /// Both powers and the quotient are taken in double precision; the result is rounded once. It is positive and finite.
    /// </remarks>
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

    /// <summary>
    /// <c>W[:, i] *= scale[i]</c>, in float32 (the smoothed weight is not rounded to bfloat16); a rotation then transforms every block of
    /// 32 channels and multiplies with <see cref="Hadamard.WeightFactor"/>.
    /// </summary>
    /// <param name="weight">Weight, [out, in], row-major; becomes the smoothed weight.</param>
    /// <param name="scale">Scale per input channel, [in]; empty for none.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="rotation">Follows the scale.</param>
    /// <exception cref="NumericException">The scale is not positive and finite, or a smoothed weight is not finite.</exception>
    public static unsafe void ApplyToWeight(MatrixView weight, ReadOnlySpan<float> scale, int threads = 1,
        Rotation rotation = Rotation.None)
    {
        if (!scale.IsEmpty)
            ArgumentOutOfRangeException.ThrowIfNotEqual(scale.Length, weight.Columns);
        FiniteValues.CheckPositive("smoothing scale", scale);
        CheckRotation(rotation, weight.Columns);
        Rows.RequireAdjacentColumns(weight);
        bool finite = true;
        fixed (float* data = weight.Data, factors = scale)
        {
            var rows = new PinnedMatrix(data, weight.Rows, weight.Columns, weight.RowStride);
            var factor = new PinnedMatrix(factors, 1, scale.Length, scale.Length);
            Workers.ForRanges(weight.Rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    if (factor.Columns > 0)
                        Multiply(rows.Row(row), factor.Row(0));
                    if (rotation == Rotation.Hadamard32)
                        Rotate(rows.Row(row), Hadamard.WeightFactor);
                    if (!Kernels.Finite.IsFinite(rows.Row(row)))
                        Volatile.Write(ref finite, false);
                }
            });
        }
        if (!finite)
            FiniteValues.Check("smoothed weight", weight);
    }

    /// <summary><c>result[:, i] = X[:, i] / scale[i]</c>, in float32: a division, not a product with the reciprocal.</summary>
    /// <param name="x">Activations, [tokens, in], row-major.</param>
    /// <param name="scale">Scale per input channel, [in]; empty for none, which copies.</param>
    /// <param name="result">Smoothed activations, [tokens, in], row-major; may be the same memory as <paramref name="x"/>.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="rotation">Follows the division.</param>
    /// <exception cref="NumericException">The scale is not positive and finite, or a smoothed activation is not finite.</exception>
    public static void ApplyToActivation(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, MatrixView result, int threads = 1,
        Rotation rotation = Rotation.None)
    {
        if (!TryApplyToActivation(x, scale, result, threads, rotation))
            FiniteValues.Check("smoothed activation", result);
    }

    /// <summary>Smooths activations; false when a result is not finite.</summary>
    internal static unsafe bool TryApplyToActivation(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, MatrixView result, int threads = 1,
        Rotation rotation = Rotation.None)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Columns, x.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Rows, x.Rows);
        Rows.RequireAdjacentColumns(x);
        Rows.RequireAdjacentColumns(result);
        CheckRotation(rotation, x.Columns);
        if (scale.IsEmpty && rotation == Rotation.None)
        {
            for (int row = 0; row < x.Rows; row++)
                Rows.Of(x, row).CopyTo(Rows.Of(result, row));
            return true;
        }
        if (!scale.IsEmpty)
            ArgumentOutOfRangeException.ThrowIfNotEqual(scale.Length, x.Columns);
        FiniteValues.CheckPositive("smoothing scale", scale);
        bool finite = true;
        fixed (float* from = x.Data, to = result.Data, divisors = scale)
        {
            var source = new PinnedMatrix(from, x.Rows, x.Columns, x.RowStride);
            var target = new PinnedMatrix(to, x.Rows, x.Columns, result.RowStride);
            var divisor = new PinnedMatrix(divisors, 1, scale.Length, scale.Length);
            Workers.ForRanges(x.Rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    if (divisor.Columns > 0)
                        Divide(source.Row(row), divisor.Row(0), target.Row(row));
                    else
                        source.Row(row).CopyTo(target.Row(row));
                    if (rotation == Rotation.Hadamard32)
                        Rotate(target.Row(row), factor: 1);
                    if (!Kernels.Finite.IsFinite(target.Row(row)))
                        Volatile.Write(ref finite, false);
                }
            });
        }
        return finite;
    }

    /// <summary>A rotated weight as it was before.</summary>
    /// <param name="weight">Weight, [out, in], row-major.</param>
    public static void Unrotate(MatrixView weight)
    {
        for (int row = 0; row < weight.Rows; row++)
            Rotate(Rows.Of(weight, row), factor: 1);
    }

    /// <summary>The largest magnitudes so far.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ReadOnlySpan<float> values, Span<float> maxima)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Max(Vector.Abs(new Vector<float>(values[i..])), new Vector<float>(maxima[i..])).CopyTo(maxima[i..]);
        for (; i < values.Length; i++)
            maxima[i] = Math.Max(Math.Abs(values[i]), maxima[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(Span<float> values, ReadOnlySpan<float> factors)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(values[i..]) * new Vector<float>(factors[i..])).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] *= factors[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(ReadOnlySpan<float> values, ReadOnlySpan<float> divisors, Span<float> quotients)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(values[i..]) / new Vector<float>(divisors[i..])).CopyTo(quotients[i..]);
        for (; i < values.Length; i++)
            quotients[i] = values[i] / divisors[i];
    }

    private static void CheckRotation(Rotation rotation, int channels)
    {
        if (rotation == Rotation.Hadamard32 && channels % Hadamard.Block != 0)
            throw new ArgumentException($"{channels} channels are not whole blocks of {Hadamard.Block}", nameof(rotation));
    }

    private static unsafe void Rotate(Span<float> values, float factor)
    {
        fixed (float* data = values)
            Hadamard.Apply(data, values.Length);
        for (int i = 0; factor != 1 && i < values.Length; i++)
            values[i] *= factor;
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
