using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How a weight's energy lies on directions, and how much of it a low-rank branch holds.</summary>
/// <param name="Singular">The largest singular values of the smoothed and rotated weight W, descending.</param>
/// <param name="Energy"><c>||W||²</c>: the sum of the squares of all singular values.</param>
/// <param name="Rest"><c>||W - B A||²</c>: what is left for the main branch.</param>
internal sealed record WeightSpectrum(ImmutableArray<double> Singular, double Energy, double Rest)
{
    /// <summary>Most singular values.</summary>
    public const int Most = 64;

    // The values are for people: a part in a hundred of the residual's norm is less than a line's width.
    private const double Accuracy = 0.01;

    /// <summary>Part of the energy that the branch holds; 0 without one.</summary>
    /// <remarks>A refit's branch serves the output and not the weight: it may hold less than the best of its rank.</remarks>
    public double Held => Energy > 0 ? 1 - (Rest / Energy) : 0;

    /// <summary>Most energy that any branch of a rank can hold, as a part of all; null beyond the known singular values.</summary>
    /// <param name="rank">The rank.</param>
    public double? MostHeld(int rank) => rank > Singular.Length ? null
        : Energy > 0 ? Math.Min(1, Singular.Take(rank).Sum(value => value * value) / Energy) : 0;

    /// <summary>The largest singular values, by the randomized iteration of the branch itself.</summary>
    /// <param name="smoothed">The smoothed and rotated weight, [out, in].</param>
    /// <param name="seed">Seed of the iteration.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public static ImmutableArray<double> SingularOf(ReadOnlyMatrixView smoothed, ulong seed, int threads, CancellationToken ct)
    {
        int count = Math.Min(Most, Math.Min(smoothed.Rows, smoothed.Columns));
        return [.. LowRankSplit.Factors(smoothed, new LowRankRecipe(count, LowRankMethod.Randomized, Accuracy), seed, threads, ct)
            .SingularValues.Select(value => (double)value)];
    }

    /// <summary>Sum of the squares of a matrix: rows by <see cref="FixedSums"/>, in ascending order.</summary>
    public static double EnergyOf(ReadOnlyMatrixView matrix)
    {
        double sum = 0;
        for (int row = 0; row < matrix.Rows; row++)
            sum += FixedSums.SquaredNorm(Rows.Of(matrix, row));
        return sum;
    }
}
