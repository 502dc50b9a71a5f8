using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// The clip setting that weights are made for, before the search of eq. (10) chooses one per bin: the one of a recipe's candidates whose
/// rounding costs the least, <c>sum_k w_k E[(u_k - q_k)²]</c>, channels weighted by the squares of their weights.
/// </summary>
/// <remarks>Squares are added in double: channels in lanes (<see cref="FixedSums"/>), tokens in order.</remarks>
internal static class RatioChoice
{
    /// <summary>The candidates of a recipe; a recipe with static thresholds has one, that clips nothing.</summary>
    public static ImmutableArray<ActivationQuantizer> Candidates(ActivationRecipe recipe) => recipe.Granularity == ClipGranularity.Bin
        ? [ActivationQuantizer.Unclipped(recipe.Ties)]
        : [.. recipe.ClipRatios.SelectMany(_ => recipe.ExponentOffsets, (ratio, offset) =>
            new ActivationQuantizer(new ClipSetting((float)ratio, offset), recipe.Ties))
            .OrderBy(candidate => Math.Abs(candidate.Clip.Ratio - 1)).ThenBy(candidate => Math.Abs(candidate.Clip.ExponentOffset))];

    /// <summary>Chooses; of equal ones the ratio nearest to 1, then the offset nearest to 0.</summary>
    /// <param name="tokens">Activations as recorded, in portions.</param>
    /// <param name="input">How they become the input.</param>
    /// <param name="importance">w, [in].</param>
    /// <param name="recipe">Candidates.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between portions.</param>
    public static ActivationQuantizer Of(IEnumerable<Memory<float>> tokens, InputForm input, float[] importance, ActivationRecipe recipe,
        int threads, CancellationToken ct = default)
    {
        ImmutableArray<ActivationQuantizer> candidates = Candidates(recipe);
        if (candidates.Length == 1)
            return candidates[0];
        var errors = new double[candidates.Length];
        using var rounded = new RoundedTokens(input);
        foreach (Memory<float> portion in tokens)
        {
            ct.ThrowIfCancellationRequested();
            for (int i = 0; i < candidates.Length; i++)
            {
                rounded.Load(portion, candidates[i], threads);
                errors[i] += rounded.WeightedError(importance, threads);
            }
        }
        return candidates[Array.IndexOf(errors, errors.Min())];
    }

    /// <summary>Squares of every channel's weights, [in]: rows in ascending order, float32.</summary>
    public static float[] Importance(ReadOnlyMatrixView weight)
    {
        var sums = new float[weight.Columns];
        for (int row = 0; row < weight.Rows; row++)
        {
            ReadOnlySpan<float> values = Rows.Of(weight, row);
            for (int i = 0; i < sums.Length; i++)
                sums[i] += values[i] * values[i];
        }
        return sums;
    }
}
