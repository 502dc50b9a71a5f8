using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Finds the low-rank branch of eq. (6).</summary>
internal static class LowRankSplit
{
    /// <summary>
    /// The branch <c>B A = U S V^T</c> of the largest singular values, with the square roots of S on both sides, rounded to bfloat16.
    /// </summary>
    /// <param name="smoothed">The smoothed weight, [out, in].</param>
    /// <param name="recipe">Rank, method and accuracy.</param>
    /// <param name="seed">Seed of the randomized method.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">The weight, a product with it, or a factor in bfloat16 is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static LowRankBranch Of(ReadOnlyMatrixView smoothed, LowRankRecipe recipe, ulong seed, int threads = 1,
        CancellationToken ct = default)
    {
        FiniteValues.Check("smoothed weight", smoothed, threads);
        if (recipe.Rank == 0)
            return LowRankBranch.None(smoothed.Rows, smoothed.Columns);
        LowRankFactors factors = Factors(smoothed, recipe, seed, threads, ct);
        return LowRankBranch.FromBits(smoothed.Rows, smoothed.Columns, BFloat16.Of(factors.Up),
            BFloat16.Of(factors.Down)) with { Passes = factors.Passes, Excess = factors.Excess };
    }

    /// <summary>The factors in float32.</summary>
    /// <exception cref="NumericException">A product overflows.</exception>
    internal static LowRankFactors Factors(ReadOnlyMatrixView smoothed, LowRankRecipe recipe, ulong seed, int threads,
        CancellationToken ct)
    {
        try
        {
            return recipe.Method == LowRankMethod.Exact
                ? TruncatedSvd.Exact(smoothed, recipe.Rank, ct)
                : TruncatedSvd.Randomized(smoothed, recipe.Rank, seed, recipe.Accuracy, threads, ct);
        }
        catch (ArithmeticException e) when (e is not OverflowException)
        {
            throw new NumericException("product of the smoothed weight", "the low-rank decomposition", float.PositiveInfinity);
        }
    }
}
