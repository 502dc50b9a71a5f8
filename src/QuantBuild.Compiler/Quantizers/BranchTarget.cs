using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>What GPTQ rounds in a round of <see cref="Refit"/>, and the factored Hessian under which it does.</summary>
/// <remarks>
/// <para>With <c>H' = M D M^T</c>, <c>v = p G^-1</c> and <c>y = p N G^-1</c> the target is <c>t = v - y H'^-1</c>, and GPTQ's <c>z_k = t_k
/// + sum over j &lt; k of (t_j - q_j) M_jk</c> the same as <c>v_k - x_k / D_k + sum over j &lt; k of (v_j - q_j) M_jk</c> with
/// <c>x M^T = y</c>: one triangular solution, and t itself is never made.</para>
/// <para>The loss of a row is <c>sum p² nu / g² - sum x² / D + sum D (z - q)²</c>.</para>
/// </remarks>
/// <param name="branch">B A.</param>
/// <param name="metric">A's directions.</param>
/// <param name="part">How much of them the Hessian lost.</param>
/// <param name="noise">G and N.</param>
/// <param name="matrix">M, [in, in]: without a branch in the upper triangle, else its transpose in the lower one.</param>
/// <param name="factor">D.</param>
/// <param name="importance">The diagonal of H', filled up to whole blocks.</param>
/// <param name="order">Where the channels of M lie in the weight; null for the same places.</param>
/// <param name="options">Exponents, ties and block size.</param>
internal sealed unsafe class BranchTarget(LowRankBranch branch, BranchMetric metric, double part, RoundingNoise noise, float[] matrix,
    HessianFactor factor, float[] importance, int[]? order, GptqOptions options)
{
    private const int RowsAtOnce = 32;

    private readonly float[] _inverse = noise.Inverse;
    private readonly float[] _pull = noise.Pull;
    private readonly float[] _costs = [.. noise.Inverse.Zip(noise.Pull, (inverse, pull) => inverse * pull)];
    private readonly float[] _stiffness = [.. factor.Pivots.Select(pivot => (float)(1 / pivot))];

    /// <summary>Rounds some rows.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="rows">Which.</param>
    /// <param name="work">Room for two forms of the rows.</param>
    /// <param name="rounded">Receives codes and scales of the rows.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>The loss of the rows, without what a new B can take off; not finite when feedback overflowed.</returns>
    public double Round(ReadOnlyMatrixView weight, RowSet rows, float[] work, PackedWeight rounded, int threads, CancellationToken ct)
    {
        int inputs = weight.Columns, count = rounded.Rows;
        var values = new MatrixView(work.AsSpan(0, count * inputs), count, inputs);
        ReadOnlyMatrixView from = rows.Of(weight);
        for (int row = 0; row < count; row++)
            Rows.Of(from, row).CopyTo(Rows.Of(values, row));
        if (branch.Rank > 0)
        {
            Gemm.Multiply(rows.Of(new ReadOnlyMatrixView(branch.Up, weight.Rows, branch.Rank)),
                new ReadOnlyMatrixView(branch.Down, branch.Rank, inputs), values, GemmMode.Subtract, threads, ct);
        }
        var unit = new ReadOnlyMatrixView(matrix, inputs, inputs);
        unit = branch.Rank > 0 ? unit.Transposed : unit;
        if (noise.IsNone)
            return GptqSweep.Run(values, default, unit, factor, rounded, options, order, importance, threads, ct);

        var offset = new MatrixView(work.AsSpan(count * inputs, count * inputs), count, inputs);
        double constant = Filter(values, offset, unit, threads, ct);
        return constant + GptqSweep.Run(values, offset, unit, factor, rounded, options, order, importance, threads, ct);
    }

    /// <summary>The loss of rows without any branch, from what <see cref="Round"/> gave.</summary>
    /// <param name="left">That.</param>
    /// <param name="errors"><c>W - Q G</c> of the rows.</param>
    /// <param name="up">B of the rows.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public double Whole(double left, ReadOnlyMatrixView errors, ReadOnlyMatrixView up, int threads, CancellationToken ct) =>
        branch.Rank > 0 ? metric.Whole(left, part, errors, up, threads, ct) : left;

    /// <summary>p becomes v, and <paramref name="offset"/> x / D; returns the loss of t, rows in ascending order.</summary>
    private double Filter(MatrixView values, MatrixView offset, ReadOnlyMatrixView unit, int threads, CancellationToken ct)
    {
        int inputs = values.Columns, rows = values.Rows;
        var sums = new double[rows];
        fixed (float* v = values.Data, c = offset.Data, m = unit.Data)
        {
            var target = new PinnedMatrix(v, rows, inputs, inputs);
            var solved = new PinnedMatrix(c, rows, inputs, inputs);
            Workers.ForRanges(rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    Span<float> p = target.Row(row), y = solved.Row(row);
                    sums[row] = FixedSums.WeightedSquares(p, _costs);
                    for (int i = 0; i < y.Length; i++)
                    {
                        int channel = order is null ? i : order[i];
                        y[i] = p[channel] * _pull[channel];
                    }
                    for (int i = 0; i < p.Length; i++)
                        p[i] *= _inverse[i];
                }
            }, ct);
            TriangularSolve.Run(Gemm.Fastest, new Strided(c, inputs, 1), rows, new Strided(m, unit.RowStride, unit.ColumnStride), inputs,
                threads, ct, shares: 1);
            Workers.ForRanges(rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    Span<float> x = solved.Row(row);
                    sums[row] -= FixedSums.WeightedSquares(x, _stiffness);
                    for (int i = 0; i < x.Length; i++)
                        x[i] *= _stiffness[i];
                }
            }, ct);
        }
        return sums.Sum();
    }
}
