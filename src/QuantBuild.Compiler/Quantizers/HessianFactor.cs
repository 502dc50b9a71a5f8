using System.Numerics;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The factorization <c>H + damping I = M D M^T</c>, M unit upper triangular, D diagonal.</summary>
/// <remarks>
/// M's strict upper triangle replaces that of the Hessian.  Most of the Hessian lives on in its lower triangle, from which, with the few
/// diagonals that a factorization overwrites, it can be brought back (<see cref="SavedBand"/>).
/// </remarks>
internal sealed class HessianFactor
{
    private readonly SavedBand _hessian;

    private HessianFactor(double[] pivots, double damping, int tries, SavedBand hessian)
    {
        Pivots = pivots;
        Damping = damping;
        Tries = tries;
        _hessian = hessian;
    }

    /// <summary>D.</summary>
    public double[] Pivots { get; }

    /// <summary>What was added to the diagonal.</summary>
    public double Damping { get; }

    /// <summary>Factorizations tried, this one included.</summary>
    public int Tries { get; }

    /// <summary>
    /// Factorizes in place, with damping <c>damp mean(diag H)</c>, then with ten times the damping of the try before, or of
    /// <see cref="Gptq.LeastDamp"/> where that is more, until it succeeds.  After <see cref="Gptq.MaxTries"/> failures the Hessian is as it
    /// was and the result is null.
    /// </summary>
    public static HessianFactor? TryCreate(MatrixView hessian, double damp, int threads, CancellationToken ct = default)
    {
        var saved = new SavedBand(hessian);
        double mean = 0;
        for (int i = 0; i < hessian.Rows; i++)
            mean += hessian[i, i];
        mean /= Math.Max(1, hessian.Rows);
        double damping = damp * mean, least = Gptq.LeastDamp * mean;
        for (int attempt = 1; attempt <= Gptq.MaxTries; attempt++, damping = Math.Max(damping, least) * 10)
        {
            for (int i = 0; i < hessian.Rows; i++)
                hessian[i, i] = (float)(hessian[i, i] + damping);
            if (Cholesky.TryFactorAboveBand(hessian, threads, ct))
                return new HessianFactor(SplitDiagonal(hessian, threads), damping, attempt, saved);
            saved.Restore(hessian, threads);
        }
        return null;
    }

    /// <summary>A factorization of another matrix, with another D, whose M lies elsewhere.</summary>
    public HessianFactor With(double[] pivots) => new(pivots, Damping, Tries, _hessian);

    /// <summary>Gives the Hessian back, undamped, in exchange for M.</summary>
    public void Undo(MatrixView hessian, int threads) => _hessian.Restore(hessian, threads);

    /// <summary>From R with R R^T = H to M and D: column k of M is column k of R divided by R_kk, D_k = R_kk².</summary>
    private static unsafe double[] SplitDiagonal(MatrixView factor, int threads)
    {
        const int RowsAtOnce = 64;
        int n = factor.Rows;
        var roots = new float[n];
        var pivots = new double[n];
        for (int i = 0; i < n; i++)
        {
            roots[i] = factor[i, i];
            pivots[i] = (double)roots[i] * roots[i];
        }
        fixed (float* data = factor.Data)
        {
            var pinned = new PinnedMatrix(data, n, n, factor.RowStride);
            Workers.ForRanges(n, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                    Divide(pinned.Row(row)[row..], roots.AsSpan(row));
            });
        }
        return pivots;
    }

    private static void Divide(Span<float> values, ReadOnlySpan<float> divisors)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(values[i..]) / new Vector<float>(divisors[i..])).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] /= divisors[i];
    }
}
