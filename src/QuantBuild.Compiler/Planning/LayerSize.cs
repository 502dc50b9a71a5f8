using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Planning;

/// <summary>
/// Bytes that a layer's tensors take in an artifact; all zero for a layer that is kept, whose weight counts as a kept tensor.
/// </summary>
/// <param name="Codes">4-bit elements of the weight.</param>
/// <param name="Scales">Shared scales, one byte per 32 elements.</param>
/// <param name="LowRank">Both factors of the low-rank branch in bf16.</param>
/// <param name="Smooth">Smoothing vector in float32.</param>
/// <param name="Clips">Clip settings of all bins.</param>
internal readonly record struct LayerSize(long Codes, long Scales, long LowRank, long Smooth, long Clips)
{
    /// <summary>All of it.</summary>
    public long Total => Codes + Scales + LowRank + Smooth + Clips;

    /// <summary>The size that a layer's recipe implies.</summary>
    public static LayerSize Of(ExpertPlan expert, LayerPlan layer)
    {
        LayerRecipe recipe = layer.Recipe;
        if (recipe.Precision == Precision.BF16)
            return default;
        int clipBytes = recipe.Activations.Granularity == ClipGranularity.Bin ? 12 : 8;
        return new LayerSize(
            (long)layer.OutFeatures * Mxfp4.CodeBytes(layer.InFeatures),
            (long)layer.OutFeatures * Mxfp4.Blocks(layer.InFeatures),
            2L * recipe.LowRank.Rank * (layer.OutFeatures + layer.InFeatures),
            recipe.Smooth.Enabled ? 4L * layer.InFeatures : 0,
            recipe.Precision == Precision.W4A4 ? (long)expert.Bins.Length * clipBytes : 0);
    }
}
