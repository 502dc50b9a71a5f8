using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// A layer's error by the rank of its branch, where the manifest leaves ranks to a budget of bytes.
/// </summary>
internal sealed class CurveStage() : LayerStage<Stored<RankCurveResult>>("Curve", 2,
    new StageText("layer with `\"rank\": \"auto\"`", "weight, scale, chosen rotation, recordings", "squared errors at four ranks"),
    RotationOption.Fixed with { Setting = null },
    new("ranks", subject => new JsonArray([.. RanksOf(subject.Layer).Select(rank => (JsonNode)rank)]), Setting: null),
    Of(RecipeSettings.Precision), Of(RecipeSettings.LowRankMethod), Of(RecipeSettings.LowRankAccuracy), Of(RecipeSettings.Ties),
    Of(RecipeSettings.Damp), Of(RecipeSettings.Order), Of(RecipeSettings.Exponents), Of(RecipeSettings.Noise), Of(RecipeSettings.Ridge),
    Of(RecipeSettings.Granularity), Of(RecipeSettings.ClipRatios), Of(RecipeSettings.ExponentOffsets))
{
    /// <summary>Ridges that are tried until the best is found.</summary>
    private const double UsualRidges = 4;

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.StartRank is not null && layer.Recipe.Precision != Precision.BF16 ? base.SubjectsOf(plan, expert, layer) : [];

    /// <inheritdoc/>
    public override Stored<RankCurveResult> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["curve"], store.ReadJson(outputs["curve"], RankCurveResult.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Value.Points.Select(point => point.Loss));

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => subject.Need(LayerStep.Curve, threads);

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        double inputs = subject.Layer.InFeatures, sweep = subject.Layer.OutFeatures * inputs * inputs * cost.Gptq;
        double width = LowRankStage.BasisOf(RanksOf(subject.Layer)[^1]);
        return (subject.Tokens * inputs * inputs * cost.Hessian) + ((RanksOf(subject.Layer).Length + 1) * sweep)
            + ((UsualRidges + 1) * inputs * inputs * inputs / 6 * cost.Product)
            + (LowRankStage.UsualPasses * ((subject.Layer.OutFeatures * inputs * width * cost.LowRank)
                + (width * width * width * speed.Rotation)));
    }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        ImmutableArray<RankCurve.Point> points = work.Compute.Curve([.. Enumerable.Range(0, subject.Expert.Timesteps.Length)], work.Threads,
            work.Context.Cancellation);
        return Outputs.Of("curve", work.Context.Store.StoreJson(new RankCurveResult(points).ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<RankCurveResult> result) => work.Curve = result;

    private static ImmutableArray<int> RanksOf(LayerPlan layer) => layer.Spec.CurveRanks;

    private static StageOption<LayerSubject> Of(RecipeSetting setting) => RecipeOption.Of<LayerSubject>(setting,
        subject => subject.Layer.Recipe.With(RecipeSettings.Rank, 1).With(RecipeSettings.WeightMethod, WeightMethod.Refit),
        compared: false);
}
