using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Low-rank branch of a smoothed weight: eq. (6).</summary>
internal static class LowRankStage
{
    /// <summary>Seed of the randomized decomposition: one constant, so that equal weights share one result.</summary>
    private const ulong Seed = 0x51424C52;

    /// <summary>A blob with <c>down</c> BF16 [r, in] and <c>up</c> BF16 [out, r].</summary>
    public static BlobRef? Run(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth)
    {
        LowRankRecipe recipe = layer.Recipe.LowRank;
        var spec = new ActionSpec(Stage.LowRank, source.Plan.Name, layer.Name,
            new JsonObject { ["rank"] = recipe.Rank, ["method"] = recipe.Method.ToString() },
            LayerTensors.Inputs(source, layer, smooth, lowRank: null, weights: null, recordings: []));
        return context.Runner.Run(spec, () => LayerTensors.Guard(source, layer, () =>
        {
            var tensors = new LayerTensors(context.Store, source, layer, smooth, lowRank: null, weights: null);
            var smoothed = new ReadOnlyMatrixView(tensors.CopySmoothed(), layer.OutFeatures, layer.InFeatures);
            LowRankBranch branch = LowRankSplit.Of(smoothed, recipe, Seed);
            return Outputs.Of("factors", context.Store.StoreTensors(
                TensorData.BFloat16("down", [recipe.Rank, layer.InFeatures], branch.DownBits),
                TensorData.BFloat16("up", [layer.OutFeatures, recipe.Rank], branch.UpBits)));
        }), context.Cancellation)?.Outputs["factors"];
    }
}
