using System.Collections.Immutable;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>A layer and what its stages made of it. A layer kept at its source precision has no blobs.</summary>
/// <param name="Plan">The layer as planned.</param>
/// <param name="Smooth">Blob with <c>scale</c>; null without smoothing.</param>
/// <param name="LowRank">Blob with <c>down</c> and <c>up</c>; null for rank 0.</param>
/// <param name="LowRankOutcome">JSON of how the branch was found; null for rank 0.</param>
/// <param name="Weights">Blob with <c>codes</c> and <c>scales</c>; null for a kept layer.</param>
/// <param name="Outcome">JSON of what the rounding did; null for a kept layer.</param>
/// <param name="Clips">JSON of the chosen clip per bin; empty unless activations are quantized.</param>
/// <param name="Measure">JSON of its errors; null for a kept layer.</param>
public sealed record BuiltLayer(LayerPlan Plan, BlobRef? Smooth, BlobRef? LowRank, BlobRef? LowRankOutcome, BlobRef? Weights, BlobRef? Outcome,
    ImmutableArray<BlobRef> Clips, BlobRef? Measure)
{
    /// <summary>A layer that stays as it is.</summary>
    public static BuiltLayer Kept(LayerPlan plan) => new(plan, null, null, null, null, null, [], null);
}
