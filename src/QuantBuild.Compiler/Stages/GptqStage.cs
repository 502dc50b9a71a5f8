using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Rounds a layer's residual weight to MXFP4, by GPTQ or to nearest.</summary>
internal static class GptqStage
{
    /// <summary>What the action stores.</summary>
    /// <param name="Weights">Blob with <c>codes</c> U8 [out, in/2] and <c>scales</c> U8 [out, in/32].</param>
    /// <param name="Outcome">JSON: damping used, tries, fallback, dead columns, proxy loss.</param>
    public readonly record struct Result(BlobRef Weights, BlobRef Outcome);

    /// <summary>The rounded weight.</summary>
    public static Result? Run(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth, BlobRef? lowRank, IReadOnlyList<Digest> recordings)
    {
        WeightRecipe recipe = layer.Recipe.Weights;
        bool gptq = recipe.Method == WeightMethod.Gptq;
        var options = new JsonObject { ["method"] = recipe.Method.ToString(), ["format"] = "mxfp4", ["ties"] = layer.Recipe.Activations.Ties.ToString() };
        if (gptq)
        {
            options["damp"] = recipe.Damp;
            options["inputs"] = layer.Recipe.Precision == Precision.W4A4 ? "mxfp4" : "float";
        }
        var spec = new ActionSpec(Stage.Gptq, source.Plan.Name, layer.Name, options,
            LayerTensors.Inputs(source, layer, smooth, lowRank, weights: null, gptq ? recordings : []));
        ActionRecord? record = context.Runner.Run(spec, () => LayerTensors.Guard(source, layer, () =>
        {
            var tensors = new LayerTensors(context.Store, source, layer, smooth, lowRank, weights: null);
            GptqResult result = gptq
                ? Gptq.Quantize(tensors.Residual, Hessian(context, source, layer, tensors.Scale, recordings),
                    new GptqOptions(recipe.Damp, recipe.BlockSize, layer.Recipe.Activations.Ties))
                : RoundToNearest.Quantize(tensors.Residual, layer.Recipe.Activations.Ties);
            BlobRef weights = context.Store.StoreTensors(
                TensorData.Of("codes", [layer.OutFeatures, layer.InFeatures / 2], result.Codes),
                TensorData.Of("scales", [layer.OutFeatures, layer.InFeatures / 32], result.Scales));
            return Outputs.Of("weights", weights, "outcome", context.Store.StoreJson(Json(result.Outcome)));
        }), context.Cancellation);
        return record is null ? null : new Result(record.Outputs["weights"], record.Outputs["outcome"]);
    }

    private static MatrixView Hessian(BuildContext context, ExpertSource source, LayerPlan layer, float[] scale, IReadOnlyList<Digest> recordings)
    {
        ActivationQuantizer? quantizer = layer.Recipe.Precision == Precision.W4A4 ? ActivationQuantizer.Unclipped(layer.Recipe.Activations.Ties) : null;
        var hessian = new InputHessian(layer.InFeatures, quantizer);
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        ImmutableArray<int> steps = [.. Enumerable.Range(0, source.Plan.Timesteps.Length)];
        foreach (ReadOnlyMemory<float> chunk in activations.Chunks(steps))
            hessian.Add(new ReadOnlyMatrixView(chunk.Span, chunk.Length / layer.InFeatures, layer.InFeatures), scale);
        return new MatrixView(hessian.Finish(), layer.InFeatures, layer.InFeatures);
    }

    private static JsonObject Json(GptqOutcome outcome) => new()
    {
        ["damping"] = outcome.Damping,
        ["tries"] = outcome.Tries,
        ["fellBack"] = outcome.FellBack,
        ["deadColumns"] = outcome.DeadColumns,
        ["errorEnergy"] = outcome.ErrorEnergy,
        ["diagonalEnergy"] = outcome.DiagonalEnergy,
        ["proxyLoss"] = outcome.ProxyLoss,
    };
}
