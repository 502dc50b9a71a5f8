using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Scheduling;
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
    public static Result? Run(LayerWork work)
    {
        LayerPlan layer = work.Layer;
        WeightRecipe recipe = layer.Recipe.Weights;
        bool gptq = recipe.Method == WeightMethod.Gptq;
        var options = new JsonObject { ["method"] = recipe.Method.ToString(), ["format"] = "mxfp4", ["ties"] = layer.Recipe.Activations.Ties.ToString() };
        if (gptq)
        {
            options["damp"] = recipe.Damp;
            // Only where it can change a result: the keys of all other recipes stay as they were.
            if (recipe.Damp < Gptq.LeastDamp)
                options["leastDamp"] = Gptq.LeastDamp;
            options["inputs"] = layer.Recipe.Precision == Precision.W4A4 ? "mxfp4" : "float";
        }
        var spec = new ActionSpec(Stage.Gptq, work.Source.Plan.Name, layer.Name, options, LayerTensors.Inputs(work, gptq ? work.Recordings : []));
        ActionRecord? record = work.Run(spec, () =>
        {
            ContentStore store = work.Context.Store;
            GptqResult result = gptq
                ? Gptq.Quantize(work.Tensors.Residual, Hessian(work), new GptqOptions(recipe.Damp, recipe.BlockSize, layer.Recipe.Activations.Ties), work.Threads, work.Context.Cancellation)
                : RoundToNearest.Quantize(work.Tensors.Residual, layer.Recipe.Activations.Ties, work.Threads);
            BlobRef weights = store.StoreTensors(
                TensorData.Of("codes", [layer.OutFeatures, layer.InFeatures / 2], result.Codes),
                TensorData.Of("scales", [layer.OutFeatures, layer.InFeatures / 32], result.Scales));
            return Outputs.Of("weights", weights, "outcome", store.StoreJson(Json(result.Outcome)));
        });
        return record is null ? null : new Result(record.Outputs["weights"], record.Outputs["outcome"]);
    }

    private static MatrixView Hessian(LayerWork work)
    {
        LayerPlan layer = work.Layer;
        ActivationQuantizer? quantizer = layer.Recipe.Precision == Precision.W4A4 ? ActivationQuantizer.Unclipped(layer.Recipe.Activations.Ties) : null;
        var hessian = new InputHessian(layer.InFeatures, quantizer);
        using SiteActivations activations = SiteActivations.Open(work.Context.Store, work.Recordings);
        ImmutableArray<int> steps = [.. Enumerable.Range(0, work.Source.Plan.Timesteps.Length)];
        foreach (ReadOnlyMemory<float> portion in activations.Portions(steps, WorkingSets.PortionRows(layer)))
        {
            hessian.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), work.Tensors.Scale, work.Threads, work.Context.Cancellation);
        }
        return new MatrixView(hessian.Finish(work.Threads), layer.InFeatures, layer.InFeatures);
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
