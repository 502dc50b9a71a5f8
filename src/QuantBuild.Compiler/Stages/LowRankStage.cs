using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Low-rank branch of a smoothed weight: eq. (6).</summary>
internal static class LowRankStage
{
    /// <summary>Seed of the randomized decomposition: one constant, so that equal weights share one result.</summary>
    private const ulong Seed = 0x51424C52;

    /// <summary>What the action stores.</summary>
    /// <param name="Factors">Blob with <c>down</c> BF16 [r, in] and <c>up</c> BF16 [out, r].</param>
    /// <param name="Outcome">JSON: passes over the weight, and how far the residual may lie above the smallest possible.</param>
    public readonly record struct Result(BlobRef Factors, BlobRef Outcome);

    /// <summary>The branch.</summary>
    public static Result? Run(LayerWork work)
    {
        LayerPlan layer = work.Layer;
        LowRankRecipe recipe = layer.Recipe.LowRank;
        var options = new JsonObject { ["rank"] = recipe.Rank, ["method"] = recipe.Method.ToString() };
        if (recipe.Method == LowRankMethod.Randomized)
            options["accuracy"] = recipe.Accuracy;
        var spec = new ActionSpec(Stage.LowRank, work.Source.Plan.Name, layer.Name, options, LayerTensors.Inputs(work, recordings: []));
        ActionRecord? record = work.Run(spec, () =>
        {
            ContentStore store = work.Context.Store;
            LowRankBranch branch = LowRankSplit.Of(work.Tensors.Smoothed, recipe, Seed, work.Threads, work.Context.Cancellation);
            return Outputs.Of("factors", store.StoreTensors(
                TensorData.BFloat16("down", [recipe.Rank, layer.InFeatures], branch.DownBits),
                TensorData.BFloat16("up", [layer.OutFeatures, recipe.Rank], branch.UpBits)),
                "outcome", store.StoreJson(new JsonObject { ["passes"] = branch.Passes, ["excess"] = Finite(branch.Excess) }));
        });
        return record is null ? null : new Result(record.Outputs["factors"], record.Outputs["outcome"]);
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
