using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>Output errors of a layer, per bin, for the compared methods: the report's data and the gates' input.</summary>
internal sealed class MeasureStage() : LayerStage<Stored<LayerErrors>>("Measure", 3,
    new StageText("layer", "weight, scale, chosen rotation, low rank, codes, choices, recordings",
        "sums of squared errors per bin and method"),
    RecipeOption.Of(RecipeSettings.Precision),
    RotationOption.Fixed with { Setting = null },
    RecipeOption.Of(RecipeSettings.Granularity, compared: false),
    RecipeOption.Of(RecipeSettings.Ties, compared: false),
    new("steps", subject => new JsonArray([.. subject.Expert.Bins.Select(ClipStage.StepsOf)]), Setting: null),
    new("unrounded", subject => Unrounded(subject), "bins"))
{
    /// <inheritdoc/>
    public override Stored<LayerErrors> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["errors"], store.ReadJson(outputs["errors"], LayerErrors.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Value.Bins.SelectMany(bin => bin.Sums.Select(sums => sums.Difference)));

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => subject.Need(LayerStep.Measure, threads);

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        (double outputs, double inputs) = (subject.Layer.OutFeatures, subject.Layer.InFeatures);
        return (subject.Tokens * LadderOf(outputs, inputs, subject.Layer.Recipe.LowRank.Rank) * cost.Measure)
            + (outputs * inputs * subject.Expert.Bins.Length * cost.MeasureWeight);
    }

    /// <summary>
    /// Multiply-adds per token and method that measuring a layer takes: three of the four methods have a low-rank branch.
    /// </summary>
    internal static double LadderOf(double outputs, double inputs, int rank) => (outputs * inputs) + (0.75 * rank * (outputs + inputs));

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) => base.Inputs(work)
        .Concat(work.Clips.Select((clip, i) =>
            KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"clip.{i:00}"), clip.Blob.Digest)));

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject) =>
        Outputs.Of("errors", work.Context.Store.StoreJson(Measure(work).ToJson()));

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<LayerErrors> result) => work.Errors = result;

    /// <summary>Indices of bins in which a layer that rounds activations leaves them as they are; null for none.</summary>
    private static JsonArray? Unrounded(LayerSubject subject) =>
        subject.Layer.Recipe.Precision == Precision.W4A4 && subject.Expert.Bins.Any(bin => bin.KeepsActivations)
            ? [.. subject.Expert.Bins.Select((bin, i) => (bin, i)).Where(pair => pair.bin.KeepsActivations)
                .Select(pair => (JsonNode)pair.i)]
            : null;

    private static LayerErrors Measure(LayerWork work)
    {
        ImmutableArray<TimestepBin> bins = work.Source.Plan.Bins;
        var errors = ImmutableArray.CreateBuilder<LayerErrors.Bin>(bins.Length);
        for (int bin = 0; bin < bins.Length; bin++)
        {
            work.Reclaim();
            LadderErrors measured = work.Compute.Measure(
                work.Clips.Count == 0 || bins[bin].KeepsActivations ? null : work.Clips[bin].Value.Setting, bins[bin].Steps, work.Threads,
                    work.Context.Cancellation);
            errors.Add(new LayerErrors.Bin(measured.Tokens, measured.Sums));
        }
        return new LayerErrors(errors.MoveToImmutable());
    }
}
