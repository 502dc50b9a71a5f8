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

/// <summary>
/// Rounds a layer's residual weight to MXFP4: by GPTQ, to nearest, or by refit, which also finds the low-rank branch.
/// </summary>
internal sealed class GptqStage() : LayerStage<RoundedWeight>("Gptq", 2,
    new StageText("layer", "weight, scale, chosen rotation; low rank unless `refit`; recordings unless `rtn`",
        "codes, scales, outcome; with `refit` down, up (bf16)"),
    RecipeOption.Of(RecipeSettings.WeightMethod), RecipeOption.Of(RecipeSettings.Ties), RecipeOption.Of(RecipeSettings.Damp),
    RotationOption.Fixed, NotUsual(RecipeSettings.Order, recipe => recipe.Weights.Order != WeightOrder.Channel),
    NotUsual(RecipeSettings.Exponents, recipe => recipe.Weights.Exponents != BlockExponents.Floor),
    RecipeOption.Of(RecipeSettings.Rounds), RecipeOption.Of(RecipeSettings.LeastGain), RecipeOption.Of(RecipeSettings.Noise),
    RecipeOption.Of(RecipeSettings.Ridge), OfRefit(RecipeSettings.Rank), OfRefit(RecipeSettings.LowRankMethod),
    OfRefit(RecipeSettings.LowRankAccuracy), OfNoise(RecipeSettings.Granularity), OfNoise(RecipeSettings.ClipRatios),
    OfNoise(RecipeSettings.ExponentOffsets),
    new("format", _ => "mxfp4", Setting: null),
    // How a refit works now: in no other key.
    new("refit", subject => subject.Layer.Recipe.Weights.Method == WeightMethod.Refit ? "projected" : null, Setting: null),
    // Only where it can change a result.
    new("leastDamp", subject => UsesHessian(subject.Layer) && subject.Layer.Recipe.Weights.Damp < Gptq.LeastDamp ? Gptq.LeastDamp : null,
        Setting: null),
    new("inputs", subject => UsesHessian(subject.Layer) ? subject.Layer.Recipe.Precision == Precision.W4A4 ? "mxfp4" : "float" : null,
        Setting: null))
{
    /// <summary>Ridges that are tried until the best is found.</summary>
    private const double UsualRidges = 4;

    /// <inheritdoc/>
    public override RoundedWeight Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        Read(outputs, store.ReadJson(outputs["outcome"], GptqOutcome.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Outcome is { ErrorEnergy: { } error, DiagonalEnergy: { } reference } ? [error, reference] : []);

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => subject.Need(LayerStep.Round, threads);

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        if (!UsesHessian(subject.Layer))
            return 0;
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        double inputs = subject.Layer.InFeatures;
        double sweep = subject.Layer.OutFeatures * inputs * inputs * cost.Gptq, hessian = subject.Tokens * inputs * inputs * cost.Hessian;
        if (subject.Layer.Recipe.Weights is not { Method: WeightMethod.Refit } refit)
            return hessian + sweep;
        double rounds = subject.Layer.Recipe.LowRank.Rank > 0 ? refit.Rounds : 0;
        bool filters = subject.Layer.Recipe.Precision == Precision.W4A4 && refit.Noise == NoiseModel.Modelled;
        double tried = Math.Min(inputs, ChannelSample.Most), walks = 1 + (rounds / RowSet.Sets);
        double factorizations = ((inputs * inputs * inputs) + (filters && refit.Ridge == 0 ? UsualRidges * tried * tried * tried : 0)) / 6
            * cost.Product;
        double width = LowRankStage.BasisOf(subject.Layer.Recipe.LowRank.Rank);
        double narrow = width * inputs * ((2.0 * subject.Layer.OutFeatures) + inputs);
        return hessian + (walks * sweep * (filters ? 2 : 1)) + factorizations
            + ((rounds + 1) * ((2 * narrow * cost.LowRank) + (width * width * width * speed.Rotation)));
    }

    /// <inheritdoc/>
    public override long StoredBytes(LayerSubject subject) =>
        LayerSize.Of(subject.Expert, subject.Layer) is var size
            ? size.Codes + size.Scales + (subject.Layer.Recipe.Weights.Method == WeightMethod.Refit ? size.LowRank : 0)
            : 0;

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) =>
        LayerTensors.Inputs(work, UsesHessian(work.Layer) ? work.Recordings : []);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        (IBlobFiles store, LayerPlan layer) = (work.Context.Store, subject.Layer);
        GptqResult result = work.Compute.Round([.. Enumerable.Range(0, subject.Expert.Timesteps.Length)], work.Threads,
            work.Context.Cancellation);
        Dictionary<string, BlobRef> outputs = new(Outputs.Of(
            "weights", store.StoreTensors(
                TensorData.Of("codes", [layer.OutFeatures, layer.InFeatures / 2], result.Codes),
                TensorData.Of("scales", [layer.OutFeatures, layer.InFeatures / 32], result.Scales)),
            "outcome", store.StoreJson(result.Outcome.ToJson())), StringComparer.Ordinal);
        if (result.Branch is { } branch)
            outputs.Add("factors", LowRankStage.Store(store, branch));
        return outputs;
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, RoundedWeight result)
    {
        work.Weights = result;
        work.LowRank = result.Branch ?? work.LowRank;
    }

    private static RoundedWeight Read(IReadOnlyDictionary<string, BlobRef> outputs, GptqOutcome outcome) => new(outputs["weights"], outcome,
        outputs.TryGetValue("factors", out BlobRef factors)
            ? new LowRankResult(factors, new LowRankOutcome(outcome.Refit?.Passes ?? 0, outcome.Refit?.Excess))
            : null);

    private static StageOption<LayerSubject> OfRefit(RecipeSetting setting) =>
        Where(RecipeOption.Of(setting, compared: false), recipe => recipe.Weights.Method == WeightMethod.Refit);

    private static StageOption<LayerSubject> OfNoise(RecipeSetting setting) =>
        Where(RecipeOption.Of(setting, compared: false), recipe => recipe.Uses(RecipeSettings.Noise));

    /// <summary>A setting whose usual value is in no key, so that keys are what they were before there was the setting.</summary>
    private static StageOption<LayerSubject> NotUsual(RecipeSetting setting, Func<LayerRecipe, bool> isUnusual) =>
        Where(RecipeOption.Of(setting), isUnusual);

    private static StageOption<LayerSubject> Where(StageOption<LayerSubject> option, Func<LayerRecipe, bool> applies) =>
        option with { Value = subject => applies(subject.Layer.Recipe) ? option.Value(subject) : null };

    private static bool UsesHessian(LayerPlan layer) => layer.Recipe.Weights.Method != WeightMethod.Rtn;
}
