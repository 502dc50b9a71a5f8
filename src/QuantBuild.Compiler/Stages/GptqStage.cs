using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Rounds a layer's residual weight to MXFP4, by GPTQ or to nearest.</summary>
internal sealed class GptqStage() : LayerStage<RoundedWeight>("Gptq", 2,
    new StageText("layer", "weight, scale, low rank; recordings unless `rtn`", "codes, scales, outcome"),
    new("method", subject => subject.Layer.Recipe.Weights.Method.ToString(), "weights"),
    new("format", _ => "mxfp4", Setting: null),
    new("ties", subject => subject.Layer.Recipe.Activations.Ties.ToString()),
    new("damp", subject => UsesHessian(subject.Layer) ? subject.Layer.Recipe.Weights.Damp : null),
    // Only where it can change a result: the keys of all other recipes stay as they were.
    new("leastDamp", subject => UsesHessian(subject.Layer) && subject.Layer.Recipe.Weights.Damp < Gptq.LeastDamp ? Gptq.LeastDamp : null,
        Setting: null),
    new("inputs", subject => UsesHessian(subject.Layer) ? subject.Layer.Recipe.Precision == Precision.W4A4 ? "mxfp4" : "float" : null,
        Setting: null))
{
    /// <inheritdoc/>
    public override RoundedWeight Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["weights"], store.ReadJson(outputs["outcome"], GptqOutcome.FromJson));

    /// <inheritdoc/>
    public override long Bytes(LayerSubject subject, int threads)
    {
        LayerPlan layer = subject.Layer;
        long always = WorkingSets.Weight(layer) + WorkingSets.Packed(layer) + WorkingSets.ProductPanels(threads);
        if (!UsesHessian(layer))
            return always;
        long inputs = layer.InFeatures;
        long hessian = 4 * inputs * inputs;
        long tokens = 2 * 4L * PortionRows(layer) * inputs;
        long rowsAtOnce = Workers.RangeSize(layer.OutFeatures, threads, GptqBlock.Granule, GptqSweep.RowsAtOnce) + GptqBlock.Granule;
        long block = layer.Recipe.Weights.BlockSize;
        long sweep = threads * 4 * ((rowsAtOnce * (inputs + (4 * block))) + (block * block));
        return always + hessian + Math.Max(tokens, sweep);
    }

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        if (!UsesHessian(subject.Layer))
            return 0;
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        double inputs = subject.Layer.InFeatures;
        return (subject.Tokens * inputs * inputs * cost.Hessian) + (subject.Layer.OutFeatures * inputs * inputs * cost.Gptq);
    }

    /// <inheritdoc/>
    public override long StoredBytes(LayerSubject subject) =>
        LayerSize.Of(subject.Expert, subject.Layer) is var size ? size.Codes + size.Scales : 0;

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) =>
        LayerTensors.Inputs(work, UsesHessian(work.Layer) ? work.Recordings : []);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        (IBlobFiles store, LayerPlan layer, WeightRecipe recipe, TieRule ties) =
            (work.Context.Store, subject.Layer, subject.Layer.Recipe.Weights, subject.Layer.Recipe.Activations.Ties);
        GptqResult result = UsesHessian(layer)
            ? Gptq.Quantize(work.Tensors.Residual, Hessian(work), new GptqOptions(recipe.Damp, recipe.BlockSize, ties), work.Threads,
                work.Context.Cancellation)
            : RoundToNearest.Quantize(work.Tensors.Residual, ties, work.Threads);
        return Outputs.Of(
            "weights", store.StoreTensors(
                TensorData.Of("codes", [layer.OutFeatures, layer.InFeatures / 2], result.Codes),
                TensorData.Of("scales", [layer.OutFeatures, layer.InFeatures / 32], result.Scales)),
            "outcome", store.StoreJson(result.Outcome.ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, RoundedWeight result) => work.Weights = result;

    private static bool UsesHessian(LayerPlan layer) => layer.Recipe.Weights.Method == WeightMethod.Gptq;

    /// <summary>Tokens that enter a Hessian at once.</summary>
    private static int PortionRows(LayerPlan layer) => (int)Math.Clamp((1L << 24) / layer.InFeatures, 256, 1024);

    private static MatrixView Hessian(LayerWork work)
    {
        LayerPlan layer = work.Layer;
        ActivationQuantizer? quantizer = layer.Recipe.Precision == Precision.W4A4
            ? ActivationQuantizer.Unclipped(layer.Recipe.Activations.Ties)
            : null;
        var hessian = new InputHessian(layer.InFeatures, quantizer);
        ImmutableArray<int> steps = [.. Enumerable.Range(0, work.Source.Plan.Timesteps.Length)];
        foreach (ReadOnlyMemory<float> portion in work.Activations.Portions(steps, PortionRows(layer)))
        {
            hessian.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), work.Tensors.Scale,
                work.Threads, work.Context.Cancellation);
        }
        return new MatrixView(hessian.Finish(work.Threads), layer.InFeatures, layer.InFeatures);
    }
}
