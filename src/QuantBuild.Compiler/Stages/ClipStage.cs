using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>Search for the clip ratio of a layer in one bin: eq. (10).</summary>
internal sealed class ClipStage() : LayerStage<Stored<ClipChoice>>("Clip", 2,
    new StageText("layer and bin", "weight, scale, chosen rotation, low rank, codes, recordings",
        "choice and the error of every candidate"),
    RotationOption.Fixed with { Setting = null },
    RecipeOption.Of(RecipeSettings.Granularity),
    RecipeOption.Of<LayerSubject>(RecipeSettings.ClipRatios, RecipeOf, perAction: true),
    RecipeOption.Of<LayerSubject>(RecipeSettings.ExponentOffsets, RecipeOf, perAction: true),
    RecipeOption.Of(RecipeSettings.Ties, compared: false),
    RecipeOption.Of(RecipeSettings.Objective),
    new("steps", subject => StepsOf(subject.Bin!), "steps", PerAction: true))
{
    /// <summary>Cost of the first candidate of a search, in units of a later one.</summary>
    private const double FirstCandidate = 8;

    /// <summary>Name of an action.</summary>
    public static string NameOf(LayerPlan layer, TimestepBin bin) => $"{layer.Name}/{bin.Name}";

    /// <summary>Steps of a bin as part of a key. The bin's name is not: renaming one changes nothing.</summary>
    public static JsonArray StepsOf(TimestepBin bin) => [.. bin.Steps.Select(step => (JsonNode)step)];

    /// <inheritdoc/>
    public override string NameOf(LayerSubject subject) => NameOf(subject.Layer, subject.Bin!);

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe.Precision == Precision.W4A4 ? expert.Bins.Select(bin => new LayerSubject(plan, expert, layer, bin)) : [];

    /// <inheritdoc/>
    public override Stored<ClipChoice> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["choice"], store.ReadJson(outputs["choice"], ClipChoice.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Value.Errors.Select(candidate => candidate.Error));

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) =>
        (subject with { Layer = subject.Layer with { Recipe = RecipeOf(subject) } }).Need(LayerStep.Clip, threads);

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        return (double)subject.Layer.OutFeatures * subject.Layer.InFeatures * Candidates(subject)
            * ((subject.Bin!.Steps.Length * subject.TokensPerStep * cost.Clip) + cost.ClipWeight);
    }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        ClipResult result = work.Compute.Clip(RecipeOf(subject).Activations, subject.Bin!.Steps, work.Threads, work.Context.Cancellation);
        var choice = new ClipChoice(result.Best.Ratio, result.Best.ExponentOffset, result.Threshold,
            [.. result.Candidates.Select(candidate =>
                new ClipChoice.Candidate(candidate.Ratio, candidate.ExponentOffset, candidate.Error))]);
        return Outputs.Of("choice", work.Context.Store.StoreJson(choice.ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<ClipChoice> result) => work.Clips.Add(result);

    /// <summary>
    /// A bin may have candidates of its own; where activations stay as they are there is nothing to search, and the table has 1 and 0.
    /// </summary>
    private static LayerRecipe RecipeOf(LayerSubject subject) => subject.Bin!.KeepsActivations
        ? subject.Layer.Recipe.With(RecipeSettings.ClipRatios, [1.0]).With(RecipeSettings.ExponentOffsets, [0])
        : subject.Bin.ClipRatios is { } ratios
        ? subject.Layer.Recipe.With(RecipeSettings.ClipRatios, ratios)
        : subject.Layer.Recipe;

    /// <summary>
    /// Work of a search as a part of one with the usual candidates: the first costs a product, others only what they change.
    /// </summary>
    private static double Candidates(LayerSubject subject)
    {
        ActivationRecipe usual = LayerRecipe.Default.Activations;
        return (FirstCandidate
            + (RecipeOf(subject).Activations is var own ? own.ClipRatios.Length * own.ExponentOffsets.Length : 0))
            / (FirstCandidate + (usual.ClipRatios.Length * usual.ExponentOffsets.Length));
    }
}
