using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The branch that takes the most of what rounding the input costs: eq. (6) in the metric of the noise.</summary>
/// <remarks>
/// The main branch multiplies an input with noise <c>nu_k / g_k²</c> in channel k, the branch one without. So the branch that leaves the
/// least of <c>tr(P diag(c²) P^T)</c> is the truncated singular value decomposition of <c>W diag(c)</c>, its right factor divided by c,
/// with <c>c_k² = nu_k / g_k² + 0.001</c> of its mean. Where the input is not rounded, c = 1.
/// </remarks>
internal static class NoiseBranch
{
    private const double Floor = 1e-3;

    /// <summary>Finds it.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="noise">G and N.</param>
    /// <param name="recipe">Rank, method and accuracy.</param>
    /// <param name="seed">Seed of the randomized method.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A product overflows, or a factor in bfloat16.</exception>
    public static LowRankBranch Of(ReadOnlyMatrixView weight, RoundingNoise noise, LowRankRecipe recipe, ulong seed, int threads,
        CancellationToken ct)
    {
        if (recipe.Rank == 0)
            return LowRankBranch.None(weight.Rows, weight.Columns);
        float[] metric = Metric(noise);
        var scaled = new float[(long)weight.Rows * weight.Columns];
        for (int row = 0; row < weight.Rows; row++)
        {
            ReadOnlySpan<float> from = Rows.Of(weight, row);
            Span<float> to = scaled.AsSpan(row * weight.Columns, weight.Columns);
            for (int i = 0; i < to.Length; i++)
                to[i] = from[i] * metric[i];
        }
        LowRankFactors factors = LowRankSplit.Factors(new ReadOnlyMatrixView(scaled, weight.Rows, weight.Columns), recipe, seed, threads,
            ct);
        float[] down = factors.Down;
        for (int i = 0; i < down.Length; i++)
            down[i] /= metric[i % weight.Columns];
        return LowRankBranch.FromBits(weight.Rows, weight.Columns, BFloat16.Of(factors.Up), BFloat16.Of(down)) with
        {
            Passes = factors.Passes,
            Excess = factors.Excess,
        };
    }

    /// <summary>c, [in].</summary>
    internal static float[] Metric(RoundingNoise noise)
    {
        double mean = noise.Mean;
        return [.. noise.Variance.Zip(noise.Gain, (variance, gain) =>
            mean > 0 ? (float)Math.Sqrt((variance / ((double)gain * gain)) + (Floor * mean)) : 1)];
    }
}
