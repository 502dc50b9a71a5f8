using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Low-rank branch of a smoothed weight: eq. (6).</summary>
internal sealed class LowRankStage() : LayerStage<LowRankResult>("LowRank", 2,
    new StageText("layer", "weight, scale, chosen rotation", "down, up (bf16), outcome"),
    RotationOption.Fixed, RecipeOption.Of(RecipeSettings.Rank), RecipeOption.Of(RecipeSettings.LowRankMethod),
        RecipeOption.Of(RecipeSettings.LowRankAccuracy))
{
    /// <summary>Passes over a weight that the decomposition takes: 8 to 17 on TinyWan, 9 on large layers.</summary>
    internal const double UsualPasses = 10;

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe.LowRank.Rank > 0 && layer.Recipe.Weights.Method != WeightMethod.Refit ? base.SubjectsOf(plan, expert, layer) : [];

    /// <inheritdoc/>
    public override LowRankResult Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["factors"], store.ReadJson(outputs["outcome"], LowRankOutcome.FromJson));

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => subject.Need(LayerStep.LowRank, threads);

    /// <summary>
    /// A decomposition, which rotates the small matrix of every pass; where the basis would span everything, or that is asked for, the
    /// weight itself.
    /// </summary>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        (double outputs, double inputs, LowRankRecipe recipe) =
            (subject.Layer.OutFeatures, subject.Layer.InFeatures, subject.Layer.Recipe.LowRank);
        double width = BasisOf(recipe.Rank), least = Math.Min(outputs, inputs);
        return recipe.Method == LowRankMethod.Exact || width >= least
            ? least * least * Math.Max(outputs, inputs) * speed.Rotation
            : UsualPasses
            * ((outputs * inputs * width * speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures).LowRank)
                + (width * width * width * speed.Rotation));
    }

    /// <inheritdoc/>
    public override long StoredBytes(LayerSubject subject) => LayerSize.Of(subject.Expert, subject.Layer).LowRank;

    /// <summary>Columns of the basis of a decomposition: whole tiles, at least 16 more than the rank.</summary>
    internal static double BasisOf(int rank) => 32 * Math.Ceiling((rank + 16) / 32.0);

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) => LayerTensors.Inputs(work, recordings: []);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        IBlobFiles store = work.Context.Store;
        LowRankBranch branch = work.Compute.LowRank(work.Threads, work.Context.Cancellation);
        return Outputs.Of("factors", Store(store, branch), "outcome", store.StoreJson(LowRankOutcome.Of(branch).ToJson()));
    }

    /// <summary>Stores a branch.</summary>
    internal static BlobRef Store(IBlobFiles store, LowRankBranch branch) => store.StoreTensors(
        TensorData.BFloat16("down", [branch.Rank, branch.Columns], branch.DownBits),
        TensorData.BFloat16("up", [branch.Rows, branch.Rank], branch.UpBits));

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, LowRankResult result) => work.LowRank = result;
}
