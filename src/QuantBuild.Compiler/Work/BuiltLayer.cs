using QuantBuild.Formats;
using QuantBuild.Compiler.Manifests;
using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>A layer and what its stages made of it. A layer kept at its source precision has nothing.</summary>
/// <param name="Plan">The layer as planned.</param>
/// <param name="Smooth">Blob with <c>scale</c>; null without smoothing.</param>
/// <param name="LowRank">Its low-rank branch; null for rank 0.</param>
/// <param name="Weights">Its rounded residual; null for a kept layer.</param>
/// <param name="Clips">The chosen clip per bin; empty unless activations are quantized.</param>
/// <param name="Errors">Its errors; null for a kept layer.</param>
internal sealed record BuiltLayer(LayerPlan Plan, BlobRef? Smooth, LowRankResult? LowRank, RoundedWeight? Weights,
    ImmutableArray<Stored<ClipChoice>> Clips, Stored<LayerErrors>? Errors)
{
    /// <summary>What happens to its input after smoothing.</summary>
    public Rotation Rotation { get; init; }

    /// <summary>Whether it is rotated, where that was measured; null otherwise.</summary>
    public Stored<RotationResult>? ChosenRotation { get; init; }

    /// <summary>Its errors by rank; null where its rank is given.</summary>
    public Stored<RankCurveResult>? Curve { get; init; }

    /// <summary>A layer that stays as it is.</summary>
    public static BuiltLayer Kept(LayerPlan plan) => new(plan, null, null, null, [], null);
}
