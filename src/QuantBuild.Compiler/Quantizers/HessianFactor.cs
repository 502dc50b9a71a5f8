using System.Numerics;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The factorization <c>H + damping I = M D M^T</c>, M unit upper triangular, D diagonal.</summary>
/// <remarks>M's strict upper triangle replaces that of the Hessian; the rest of the Hessian is overwritten too.</remarks>
internal sealed class HessianFactor
{
    private readonly SavedTriangle? _hessian;

    private HessianFactor(double[] pivots, double damping, int tries, SavedTriangle? hessian)
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
    /// Factorizes in place, with damping <c>damp mean(diag H) 10^k</c> for k = 0, 1, … until it succeeds.  After
    /// <see cref="Gptq.MaxTries"/> failures the Hessian is as it was and the result is null.
    /// </summary>
    public static HessianFactor? TryCreate(MatrixView hessian, double damp, int threads)
    {
        // A failed factorization leaves nothing to start again from.
        var saved = new SavedTriangle(hessian);
        double mean = 0;
        for (int i = 0; i < hessian.Rows; i++)
            mean += hessian[i, i];
        double damping = damp * (mean / Math.Max(1, hessian.Rows));
        for (int attempt = 1; attempt <= Gptq.MaxTries; attempt++, damping *= 10)
        {
            for (int i = 0; i < hessian.Rows; i++)
                hessian[i, i] = (float)(hessian[i, i] + damping);
            if (Cholesky.TryFactorReversed(hessian, threads))
                return new HessianFactor(SplitDiagonal(hessian), damping, attempt, attempt > 1 ? saved : null);
            saved.Restore(hessian);
        }
        return null;
    }

    /// <summary>Gives the Hessian back, undamped, in exchange for M. Only after more than one try: the first keeps no copy.</summary>
    public void Undo(MatrixView hessian) => _hessian!.Restore(hessian);

    /// <summary>From R with R R^T = H to M and D: column k of M is column k of R divided by R_kk, D_k = R_kk².</summary>
    private static double[] SplitDiagonal(MatrixView factor)
    {
        int n = factor.Rows;
        var roots = new float[n];
        var pivots = new double[n];
        for (int i = 0; i < n; i++)
        {
            roots[i] = factor[i, i];
            pivots[i] = (double)roots[i] * roots[i];
        }
        for (int row = 0; row < n; row++)
        {
            Span<float> values = Rows.Of(factor, row)[row..];
            ReadOnlySpan<float> divisors = roots.AsSpan(row);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(values[i..]) / new Vector<float>(divisors[i..])).CopyTo(values[i..]);
            for (; i < values.Length; i++)
                values[i] /= divisors[i];
        }
        return pivots;
    }
}
