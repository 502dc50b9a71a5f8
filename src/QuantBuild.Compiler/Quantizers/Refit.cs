using System.Collections.Immutable;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Low-rank branch and rounded weight in turns: each time GPTQ of what the branch will leave, then the best branch for the codes.
/// </summary>
/// <remarks>
/// <para>What is minimized is the output error of eq. (7) under the model of <see cref="RoundingNoise"/>, with W the smoothed weight,
/// <c>P = W - B A</c>, U with the ridge on its diagonal, and Q the rounded weight:</para>
/// <code>J = E|P u - Q q|² = tr((P - Q G) U (P - Q G)^T) + tr(Q N Q^T)</code>
/// <para>For given codes the branch is the best approximation of <c>W - Q G</c> in the metric U (<see cref="MetricBranch"/>). For given
/// rows A of a branch, codes are chosen as if B were fitted to them afterwards, which it is: errors along A cost nothing then, so that J
/// is <c>tr((T - Q) H (T - Q)^T)</c> and a constant, with <c>H = G U' G + N</c>, U' without the directions of A
/// (<see cref="BranchMetric"/>), and <c>T = P U' G H^-1 = P G^-1 - P (N G^-1) H^-1</c> (<see cref="BranchTarget"/>). The Hessian is
/// factored once, and its factor changed for every branch (<see cref="RefitHessian"/>).</para>
/// <para>T is P, filtered as Wiener's filter would clean a rounded input: the inverse falls on the weight, and costs nothing at run
/// time. Without noise and with gains of 1, T is P and this is the usual alternation under the Hessian.</para>
/// </remarks>
internal static class Refit
{
    // Subspace iterations: of the first fit, from random signs; and of later ones, from the basis of the round before.
    internal const int FirstPasses = 2;
    internal const int NextPasses = 1;

    /// <summary>Runs the rounds.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="noise">U, G and N. <b>Its matrix gets the ridge.</b></param>
    /// <param name="ridge">Added to the diagonal of U: as if every channel had so much more input, rounded without noise.</param>
    /// <param name="start">The branch to begin with.</param>
    /// <param name="options">Settings.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static RefitResult Run(ReadOnlyMatrixView weight, RoundingNoise noise, double ridge, LowRankBranch start, RefitOptions options,
        int threads = 1, CancellationToken ct = default)
    {
        FiniteValues.Check("smoothed weight", weight, threads);
        FiniteValues.Check("Hessian", noise.Second);
        int inputs = weight.Columns;
        var second = new MatrixView(noise.Second, inputs, inputs);
        noise.AddRidge(ridge);
        var work = new float[(long)weight.Rows * inputs];
        var values = new MatrixView(work, weight.Rows, inputs);
        RefitHessian? hessian = RefitHessian.TryCreate(noise, options.Gptq, threads, ct);
        if (hessian is null)
            return Nearest(weight, start, options, values, threads);

        double reference = HessianEnergy.OfDiagonal(weight, second, threads, ct);
        var codes = new RefitCodes(weight, noise.Gain, work);
        LowRankBranch branch = start;
        TallMatrix? basis = null;
        BranchMetric metric = BranchMetric.Of(branch, second, threads, ct);
        var losses = ImmutableArray.CreateBuilder<double>();
        (LowRankBranch Branch, PackedWeight Weight, double Loss, int Round) best =
            (start, PackedWeight.Empty(0, 0), double.PositiveInfinity, 0);
        for (int round = 0; ; round++)
        {
            double whole = codes.Round(weight, hessian, branch, metric, round, threads, ct);
            if (!double.IsFinite(whole) && round == 0)
                return Nearest(weight, start, options, values, threads);
            if (!double.IsFinite(whole))
                break;
            double loss = whole;
            if (options.Rank > 0)
            {
                (branch, basis) = MetricBranch.Fit(values, second, options.Rank, basis, round == 0 ? FirstPasses : NextPasses, threads, ct);
                metric = BranchMetric.Of(branch, second, threads, ct);
                loss += metric.Taken(values, new ReadOnlyMatrixView(branch.Up, weight.Rows, branch.Rank), threads, ct);
            }
            losses.Add(loss);
            bool gained = best.Loss - loss >= options.LeastGain * loss;
            bool last = options.Rank == 0 || round == options.Rounds || (round > 0 && !gained);
            if (loss < best.Loss)
                best = (branch, last ? codes.Weight : codes.Copy(), loss, round);
            if (last)
                break;
        }
        return new RefitResult(best.Branch, best.Weight, losses.ToImmutable(), best.Round, reference, FellBack: false);
    }

    /// <summary>The loss after the first rounding.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="hessian">The factored Hessian.</param>
    /// <param name="start">The branch to begin with.</param>
    /// <param name="work">Room for W.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>J with a branch that is fitted once; not finite when feedback overflowed.</returns>
    public static double FirstLoss(ReadOnlyMatrixView weight, RoundingNoise noise, RefitHessian hessian, LowRankBranch start, float[] work,
        int threads, CancellationToken ct)
    {
        var second = new MatrixView(noise.Second, weight.Columns, weight.Columns);
        var codes = new RefitCodes(weight, noise.Gain, work);
        double whole = codes.Round(weight, hessian, start, BranchMetric.Of(start, second, threads, ct), 0, threads, ct);
        if (start.Rank == 0 || !double.IsFinite(whole))
            return whole;
        var errors = new MatrixView(work, weight.Rows, weight.Columns);
        (LowRankBranch branch, _) = MetricBranch.Fit(errors, second, start.Rank, basis: null, FirstPasses, threads, ct);
        return whole + BranchMetric.Of(branch, second, threads, ct)
            .Taken(errors, new ReadOnlyMatrixView(branch.Up, weight.Rows, branch.Rank), threads, ct);
    }

    private static RefitResult Nearest(ReadOnlyMatrixView weight, LowRankBranch start, RefitOptions options, MatrixView values, int threads)
    {
        for (int row = 0; row < weight.Rows; row++)
            Rows.Of(weight, row).CopyTo(Rows.Of(values, row));
        start.SubtractFrom(values, threads);
        return new RefitResult(start, RoundToNearest.Round(values, options.Gptq.Ties, threads), [], 0, 0, FellBack: true);
    }
}
