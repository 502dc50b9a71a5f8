using System.Collections.Immutable;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Quantization of activations and the search for its clip ratios, eq. (8)-(10).</summary>
/// <param name="Granularity">What the ratio applies to.</param>
/// <param name="ClipRatios">Candidates, each in (0, 1], strictly ascending.</param>
/// <param name="ExponentOffsets">Added to the block's exponent, strictly ascending; {0} for none.</param>
/// <param name="Ties">How exact midpoints round, of activations and of weights.</param>
/// <param name="Objective">What the search minimizes.</param>
internal sealed record ActivationRecipe(ClipGranularity Granularity, ImmutableArray<double> ClipRatios,
    ImmutableArray<int> ExponentOffsets, TieRule Ties, ClipObjective Objective);
