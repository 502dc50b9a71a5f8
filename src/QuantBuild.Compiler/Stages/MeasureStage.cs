using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Stages;

/// <summary>Output errors of a layer, per bin, for the paper's ladder of methods: the report's data and the gates' input.</summary>
internal sealed class MeasureStage() : LayerStage<Stored<LayerErrors>>("Measure", 3,
    new StageText("layer", "weight, scale, low rank, codes, choices, recordings", "sums of squared errors per bin and method"),
    new("precision", subject => subject.Layer.Recipe.Precision.ToString()),
    new("granularity", subject => subject.Layer.Recipe.Activations.Granularity.ToString(), Setting: null),
    new("ties", subject => subject.Layer.Recipe.Activations.Ties.ToString(), Setting: null),
    new("steps", subject => new JsonArray([.. subject.Expert.Bins.Select(ClipStage.StepsOf)]), Setting: null))
{
    /// <inheritdoc/>
    public override Stored<LayerErrors> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["errors"], store.ReadJson(outputs["errors"], LayerErrors.FromJson));

    /// <inheritdoc/>
    public override long Bytes(LayerSubject subject, int threads)
    {
        LayerPlan layer = subject.Layer;
        long rows = LayerError.TokensAtOnce;
        long perMethod = (rows * layer.InFeatures * 4) + Mxfp4Tokens.BytesFor(LayerError.TokensAtOnce, layer.InFeatures)
            + WorkingSets.Panels(Math.Min(512, layer.OutFeatures), layer.InFeatures);
        return WorkingSets.Weight(layer) + (3 * WorkingSets.Packed(layer)) + (rows * layer.InFeatures * 4)
            + (LayerErrors.Methods.Length * perMethod) + (rows * 512 * 8)
            + WorkingSets.ProductPanels(threads);
    }

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

    private static LayerErrors Measure(LayerWork work)
    {
        LayerPlan layer = work.Layer;
        LayerTensors tensors = work.Tensors;
        TieRule ties = layer.Recipe.Activations.Ties;
        // Methods differ in how they round, not in what: beside a recipe that leaves activations alone the others do so too.
        ActivationQuantizer? unclipped = layer.Recipe.Precision == Precision.W4A4 ? ActivationQuantizer.Unclipped(ties) : null;
        float[]? scale = tensors.Scale.Length > 0 ? tensors.Scale : null;
        // The residual first: the clip search has left it in memory, where the weight takes its place.
        PackedWeight residualRtn = RoundToNearest.Quantize(tensors.Residual, ties, work.Threads).Weight;
        PackedWeight rtn = RoundToNearest.Quantize(tensors.Weight, ties, work.Threads).Weight;
        var bins = ImmutableArray.CreateBuilder<LayerErrors.Bin>();
        for (int bin = 0; bin < work.Source.Plan.Bins.Length; bin++)
        {
            MeasuredLayer[] ladder =
            [
                new(null, null, rtn, unclipped),
                new(scale, tensors.Branch, residualRtn, unclipped),
                new(scale, tensors.Branch, tensors.Packed, unclipped),
                new(scale, tensors.Branch, tensors.Packed, work.Clips.Count == 0
                    ? null
                    : new ActivationQuantizer(work.Clips[bin].Value.Setting, ties)),
            ];
            work.Reclaim();
            using var errors = new LayerError(ladder, work.Threads, work.Context.Cancellation);
            foreach (Memory<float> portion in work.Activations.Portions(work.Source.Plan.Bins[bin].Steps, LayerError.TokensAtOnce))
            {
                errors.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), tensors.Weight);
            }
            bins.Add(new LayerErrors.Bin(errors.Tokens, [.. errors.Finish()]));
        }
        return new LayerErrors(bins.ToImmutable());
    }
}
