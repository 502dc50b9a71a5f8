using System.Collections.Immutable;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Low-rank branch and rounded weight in turns: each time the best branch for the codes, then GPTQ of what the branch leaves.
/// </summary>
/// <remarks>
/// <para>What is minimized is the output error of eq. (7) under the model of <see cref="RoundingNoise"/>, with W the smoothed weight,
/// <c>P = W - B A</c>, U with the ridge on its diagonal, and Q the rounded weight:</para>
/// <code>J = E|P u - Q q|² = tr((P - Q G) U (P - Q G)^T) + tr(Q N Q^T)</code>
/// <para>For given codes the branch is the best approximation of <c>W - Q G</c> in the metric U (<see cref="MetricBranch"/>). For a given
/// branch J is, but for a constant, <c>tr((T - Q) H (T - Q)^T)</c> with <c>H = G U G + N</c> and
/// <c>T = P U G H^-1 = P G^-1 - P (N G^-1) H^-1</c>: GPTQ of T under H. T is P, filtered as Wiener's filter would clean a rounded input:
/// the inverse falls on the weight, and costs nothing at run time. H is factored once and serves all rounds; T of W is computed once, and
/// that of B A is B times the T of the few rows of A. The constant is <c>sum T_ok P_ok nu_k / g_k</c>.</para>
/// <para>Without noise and with gains of 1, T is P and this is the usual alternation under the Hessian.</para>
/// </remarks>
internal static class Refit
{
    // Subspace iterations: of the first fit, from random signs; and of later ones, from the basis of the round before.
    private const int FirstPasses = 4;
    private const int NextPasses = 2;

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
        RefitTarget? target = RefitTarget.TryCreate(weight, noise, options.Gptq, threads, ct);
        if (target is null)
            return Nearest(weight, start, options, values, threads);

        double reference = HessianEnergy.OfDiagonal(weight, second, threads, ct);
        LowRankBranch branch = start;
        TallMatrix? basis = null;
        var losses = ImmutableArray.CreateBuilder<double>();
        (LowRankBranch Branch, PackedWeight Weight, double Loss, int Round) best =
            (start, PackedWeight.Empty(0, 0), double.PositiveInfinity, 0);
        for (int round = 0; ; round++)
        {
            PackedWeight rounded = PackedWeight.Empty(weight.Rows, inputs);
            double loss = target.Round(weight, branch, values, rounded, threads, ct);
            if (!double.IsFinite(loss))
                return Nearest(weight, start, options, values, threads);
            losses.Add(loss);
            bool gained = best.Loss - loss >= options.LeastGain * loss;
            if (loss < best.Loss)
                best = (branch, rounded, loss, round);
            if (options.Rank == 0 || round == options.Rounds || (round > 0 && !gained))
                break;
            WeightError.Of(weight, rounded, noise.Gain, values, threads);
            (branch, basis) = MetricBranch.Fit(values, second, options.Rank, basis, round == 0 ? FirstPasses : NextPasses, threads, ct);
        }
        return new RefitResult(best.Branch, best.Weight, losses.ToImmutable(), best.Round, reference, FellBack: false);
    }

    private static RefitResult Nearest(ReadOnlyMatrixView weight, LowRankBranch start, RefitOptions options, MatrixView values, int threads)
    {
        for (int row = 0; row < weight.Rows; row++)
            Rows.Of(weight, row).CopyTo(Rows.Of(values, row));
        start.SubtractFrom(values, threads);
        return new RefitResult(start, RoundToNearest.Round(values, options.Gptq.Ties, threads), [], 0, 0, FellBack: true);
    }
}
