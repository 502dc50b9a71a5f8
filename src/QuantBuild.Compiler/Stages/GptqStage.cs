using System.Text.Json.Nodes;
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

/// <summary>Rounds a layer's residual weight to MXFP4, by GPTQ or to nearest.</summary>
internal sealed class GptqStage() : LayerStage<RoundedWeight>("Gptq", 2,
    new StageText("layer", "weight, scale, low rank; recordings unless `rtn`", "codes, scales, outcome"),
    RecipeOption.Of(RecipeSettings.WeightMethod), RecipeOption.Of(RecipeSettings.Ties), RecipeOption.Of(RecipeSettings.Damp),
    new("format", _ => "mxfp4", Setting: null),
    // Only where it can change a result.
    new("leastDamp", subject => UsesHessian(subject.Layer) && subject.Layer.Recipe.Weights.Damp < Gptq.LeastDamp ? Gptq.LeastDamp : null,
        Setting: null),
    new("inputs", subject => UsesHessian(subject.Layer) ? subject.Layer.Recipe.Precision == Precision.W4A4 ? "mxfp4" : "float" : null,
        Setting: null))
{
    /// <inheritdoc/>
    public override RoundedWeight Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["weights"], store.ReadJson(outputs["outcome"], GptqOutcome.FromJson));

    /// <inheritdoc/>
    public override Tolerance Tolerance => LayerErrorTolerance.Of((store, outputs) =>
        Read(store, outputs).Outcome is { ErrorEnergy: { } error, DiagonalEnergy: { } reference } ? [error, reference] : []);

    /// <inheritdoc/>
    public override long Bytes(LayerSubject subject, int threads) => subject.Need(LayerStep.Round, threads).HostBytes;

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
        (IBlobFiles store, LayerPlan layer) = (work.Context.Store, subject.Layer);
        GptqResult result = work.Compute.Round([.. Enumerable.Range(0, subject.Expert.Timesteps.Length)], work.Threads,
            work.Context.Cancellation);
        return Outputs.Of(
            "weights", store.StoreTensors(
                TensorData.Of("codes", [layer.OutFeatures, layer.InFeatures / 2], result.Codes),
                TensorData.Of("scales", [layer.OutFeatures, layer.InFeatures / 32], result.Scales)),
            "outcome", store.StoreJson(result.Outcome.ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, RoundedWeight result) => work.Weights = result;

    private static bool UsesHessian(LayerPlan layer) => layer.Recipe.Weights.Method == WeightMethod.Gptq;
}
