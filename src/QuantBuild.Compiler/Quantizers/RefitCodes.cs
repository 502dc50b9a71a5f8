using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The rounded weight of a <see cref="Refit"/> between its rounds: the first rounds every row, later ones a set of rows.</summary>
/// <remarks>
/// A branch follows the errors of all rows, and changes little when some of them are rounded anew: six rounds cost one and three quarters
/// of a walk through the weight.
/// </remarks>
internal sealed class RefitCodes
{
    private readonly float[] _gain;
    private readonly float[] _errors;
    private readonly float[] _work;
    private readonly double[] _losses = new double[RowSet.Sets];

    /// <summary>Nothing is rounded yet.</summary>
    /// <param name="weight">W, [out, in].</param>
    /// <param name="gain">G, [in].</param>
    /// <param name="errors">Receives <c>W - Q G</c>, [out, in].</param>
    public RefitCodes(ReadOnlyMatrixView weight, float[] gain, float[] errors)
    {
        (_gain, _errors) = (gain, errors);
        _work = new float[2L * new RowSet(0).CountIn(weight.Rows) * weight.Columns];
        Weight = PackedWeight.Empty(weight.Rows, weight.Columns);
    }

    /// <summary>Codes and scales as they are now.</summary>
    public PackedWeight Weight { get; }

    /// <summary>A copy of them.</summary>
    public PackedWeight Copy() => Weight with { Codes = [.. Weight.Codes], Scales = [.. Weight.Scales] };

    /// <summary>Rounds the rows of a round.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="hessian">The factored Hessian.</param>
    /// <param name="branch">B A.</param>
    /// <param name="metric">A's directions.</param>
    /// <param name="round">The round, from 0, which rounds all.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>The loss of all rows without a branch; not finite when feedback overflowed, and the weight is then half rounded.</returns>
    public double Round(ReadOnlyMatrixView weight, RefitHessian hessian, LowRankBranch branch, BranchMetric metric, int round, int threads,
        CancellationToken ct)
    {
        if (hessian.For(branch, metric, threads, ct) is not { } rounds)
            return double.NaN;
        int inputs = weight.Columns;
        foreach (int set in round == 0 ? Enumerable.Range(0, RowSet.Sets) : [round % RowSet.Sets])
        {
            var rows = new RowSet(set);
            int count = rows.CountIn(weight.Rows);
            PackedWeight rounded = PackedWeight.Empty(count, inputs);
            double left = rounds.Round(weight, rows, _work, rounded, threads, ct);
            if (!double.IsFinite(left))
                return double.NaN;
            rows.Put(rounded, Weight);
            MatrixView errors = rows.Of(new MatrixView(_errors, weight.Rows, inputs));
            WeightError.Of(rows.Of(weight), rounded, _gain, errors, threads);
            _losses[set] = rounds.Whole(left, errors, rows.Of(new ReadOnlyMatrixView(branch.Up, weight.Rows, branch.Rank)), threads, ct);
        }
        return _losses.Sum();
    }
}
