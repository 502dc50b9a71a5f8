using System.Collections.Immutable;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The outcome of a clip search for one layer in one bin.</summary>
/// <param name="Candidates">Every candidate with its error: ratios in the recipe's order, and for each ratio the offsets in theirs.</param>
/// <param name="ChosenIndex">The candidate with the least error.</param>
/// <param name="ReferenceMagnitude">m of eq. (8): the largest magnitude of the bin's smoothed activations.</param>
/// <param name="Chosen">The chosen candidate as a quantizer; under bin granularity it holds the threshold.</param>
internal sealed record ClipResult(ImmutableArray<ClipCandidate> Candidates, int ChosenIndex, float ReferenceMagnitude,
    ActivationQuantizer Chosen)
{
    /// <summary>The chosen candidate.</summary>
    public ClipCandidate Best => Candidates[ChosenIndex];

    /// <summary>alpha of eq. (8), the static threshold; null under block granularity.</summary>
    public float? Threshold => Chosen.Clip.Threshold;
}

/// <summary>One candidate of a clip search.</summary>
/// <param name="Ratio">Clip ratio rho of eq. (8).</param>
/// <param name="ExponentOffset">Added to every block's exponent.</param>
/// <param name="Error">Sum of squared output errors over the bin's tokens, eq. (10) without the division by the token count.</param>
internal sealed record ClipCandidate(double Ratio, int ExponentOffset, double Error);
