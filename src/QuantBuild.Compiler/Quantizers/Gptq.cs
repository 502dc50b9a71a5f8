using QuantBuild.Compiler.Manifests;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// GPTQ: rounds a weight to MXFP4 so that <c>tr((W - Q) H (W - Q)^T)</c> is small, H being the Hessian of the layer's input.
/// </summary>
/// <remarks>
/// <para>The usual form walks through the columns and adds each column's rounding error, times a row of the Cholesky factor of H^-1,
/// to the columns after it.  With <c>H = M D M^T</c>, M unit upper triangular and D diagonal, the same result is
/// <c>q_k = round(w_k + sum over j &lt; k of (w_j - q_j) M_jk)</c>: no inverse, and only final errors are ever stored.</para>
/// <para>Group scales are fixed from the weight before any compensation; every output row is independent of the others.</para>
/// <para>Channels may be rounded in another order (<see cref="GptqOptions.Order"/>): the sums then run over that order, and the result
/// lies as the weight does, its groups those of the weight.</para>
/// </remarks>
internal static class Gptq
{
    /// <summary>Factorizations tried, each with ten times the damping of the one before.</summary>
    public const int MaxTries = 6;

    /// <summary>
    /// The fraction of the Hessian's mean diagonal from which failing factorizations are helped: less does not show in float32, so that ten
    /// times nothing, or next to nothing, would be the same factorization again. The last try then has the usual 0.01.
    /// </summary>
    public const double LeastDamp = 1e-7;

    /// <summary>The fraction of the mean diagonal that is added in a try.</summary>
    /// <param name="damp">The fraction asked for.</param>
    /// <param name="attempt">The try, from 1.</param>
    public static double DampOf(double damp, int attempt) => attempt == 1 ? damp : Math.Max(damp, LeastDamp) * Math.Pow(10, attempt - 1);

    /// <summary>Rounds a weight.</summary>
    /// <param name="weight">The residual weight, [out, in], row-major.</param>
    /// <param name="hessian">
    /// X^T X of the layer's input, [in, in], dense row-major and symmetric, in any normalization. <b>Destroyed</b>.
    /// </param>
    /// <param name="options">Settings.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">The weight or the Hessian has a value that is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static GptqResult Quantize(ReadOnlyMatrixView weight, MatrixView hessian, GptqOptions options, int threads = 1,
        CancellationToken ct = default)
    {
        if (hessian.Rows != weight.Columns || hessian.Columns != weight.Columns || hessian.RowStride != weight.Columns
            || hessian.ColumnStride != 1)
            throw new ArgumentException($"the Hessian of {weight.Columns} input channels cannot be {hessian.Rows} x {hessian.Columns}",
                nameof(hessian));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BlockSize, 1);
        if (!(options.Damp >= 0) || double.IsInfinity(options.Damp))
            throw new ArgumentOutOfRangeException(nameof(options), options.Damp, "the damping is a finite fraction, 0 or more");
        FiniteValues.Check("residual weight", weight, threads);
        FiniteValues.Check("Hessian", hessian, threads);

        int dead = CountDeadColumns(hessian);
        ReadOnlyMatrixView alive = dead == 0 ? weight : WithoutDeadColumns(weight, hessian);
        ReviveDeadColumns(hessian);
        double reference = HessianEnergy.OfDiagonal(alive, hessian, threads, ct);
        float[] importance = options.Exponents == BlockExponents.Error ? ExponentChoice.Importance(hessian) : [];
        int[]? order = options.Order == WeightOrder.Activation ? ChannelOrder.ByFallingDiagonal(hessian) : null;
        if (order is not null)
            ChannelOrder.Apply(hessian, order, threads);

        HessianFactor? factor = HessianFactor.TryCreate(hessian, options.Damp, threads, ct);
        if (factor is null)
        {
            PackedWeight rounded = RoundToNearest.Round(alive, options.Ties, threads);
            PutBack(hessian, order, threads);
            double loss = HessianEnergy.OfError(alive, rounded, hessian, threads, ct);
            return new GptqResult(rounded, Outcome(0, MaxTries, fellBack: true, loss));
        }

        PackedWeight packed = PackedWeight.Empty(weight.Rows, weight.Columns);
        double error = GptqSweep.Run(alive, default, hessian, factor, packed, options, order, importance, threads, ct);
        if (!double.IsFinite(error))
            return new GptqResult(RoundToNearest.Round(alive, options.Ties, threads), Outcome(0, factor.Tries, fellBack: true, error));

        // The sweep's own sum subtracts the damping's share, which cancels badly once the damping outweighs the Hessian.
        if (factor.Tries > 1)
        {
            factor.Undo(hessian, threads);
            PutBack(hessian, order, threads);
            error = HessianEnergy.OfError(alive, packed, hessian, threads, ct);
        }
        return new GptqResult(packed, Outcome(factor.Damping, factor.Tries, fellBack: false, error));

        GptqOutcome Outcome(double damping, int tries, bool fellBack, double error) =>
            new(damping, tries, fellBack, dead, double.IsFinite(error) ? error : null, reference);
    }

    private static void PutBack(MatrixView hessian, int[]? order, int threads)
    {
        if (order is not null)
            ChannelOrder.Apply(hessian, ChannelOrder.Inverse(order), threads);
    }

    /// <summary>Channels that were zero in every token.</summary>
    private static int CountDeadColumns(ReadOnlyMatrixView hessian)
    {
        int count = 0;
        for (int k = 0; k < hessian.Rows; k++)
            count += hessian[k, k] == 0 ? 1 : 0;
        return count;
    }

    private static ReadOnlyMatrixView WithoutDeadColumns(ReadOnlyMatrixView weight, ReadOnlyMatrixView hessian)
    {
        var alive = new MatrixView(new float[weight.Rows * weight.Columns], weight.Rows, weight.Columns);
        for (int row = 0; row < weight.Rows; row++)
        {
            Span<float> values = Rows.Of(alive, row);
            Rows.Of(weight, row).CopyTo(values);
            for (int k = 0; k < values.Length; k++)
            {
                if (hessian[k, k] == 0)
                    values[k] = 0;
            }
        }
        return alive;
    }

    /// <summary>Their weights are zero now, so that any positive curvature will do.</summary>
    private static void ReviveDeadColumns(MatrixView hessian)
    {
        for (int k = 0; k < hessian.Rows; k++)
        {
            if (hessian[k, k] == 0)
                hessian[k, k] = 1;
        }
    }
}
