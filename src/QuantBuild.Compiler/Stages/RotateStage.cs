using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>Whether a layer's smoothed input is rotated, where the manifest leaves that to the measured error.</summary>
internal sealed class RotateStage() : LayerStage<Stored<RotationResult>>("Rotate", 1,
    new StageText("layer with `\"rotation\": \"auto\"`", "weight, scale, recordings", "choice and both errors"),
    RecipeOption.Of(RecipeSettings.Rotation),
    RecipeOption.Of<LayerSubject>(RecipeSettings.Rank, subject => subject.Layer.StartRank is { } rank
        ? subject.Layer.Recipe.With(RecipeSettings.Rank, rank) : subject.Layer.Recipe, compared: false),
    RecipeOption.Of(RecipeSettings.LowRankMethod, compared: false),
    RecipeOption.Of(RecipeSettings.Granularity, compared: false),
    RecipeOption.Of(RecipeSettings.ClipRatios, compared: false),
    RecipeOption.Of(RecipeSettings.ExponentOffsets, compared: false),
    RecipeOption.Of(RecipeSettings.Ties, compared: false))
{
    /// <summary>Passes over a weight until a branch is good enough to try a rotation with.</summary>
    private const double Passes = 5;

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe is { Precision: Precision.W4A4, Rotation: RotationMode.Auto } ? base.SubjectsOf(plan, expert, layer) : [];

    /// <inheritdoc/>
    public override Stored<RotationResult> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["choice"], store.ReadJson(outputs["choice"], RotationResult.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Value.Errors is var errors ? [errors.Plain, errors.Rotated] : []);

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => subject.Need(LayerStep.Rotate, threads);

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        (double outputs, double inputs) = (subject.Layer.OutFeatures, subject.Layer.InFeatures);
        double width = LowRankStage.BasisOf(subject.Layer.StartRank ?? subject.Layer.Recipe.LowRank.Rank),
            rows = Math.Min(WeightRows.Most, outputs);
        return (Passes * ((outputs * inputs * width * cost.LowRank) + (width * width * width * speed.Rotation)))
            + (4 * subject.Tokens * inputs * rows * cost.Product);
    }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        RotationErrors errors = work.Compute.Rotate([.. Enumerable.Range(0, subject.Expert.Timesteps.Length)], work.Threads,
            work.Context.Cancellation);
        return Outputs.Of("choice", work.Context.Store.StoreJson(RotationResult.Of(errors).ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<RotationResult> result) => work.ChosenRotation = result;
}
