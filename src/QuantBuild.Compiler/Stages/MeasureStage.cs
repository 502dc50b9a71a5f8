using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Stages;

/// <summary>Output errors of a layer, per bin, for the paper's ladder of methods: the report's data and the gates' input.</summary>
internal static class MeasureStage
{
    private static readonly string[] Methods = ["rtn", "svdquant+rtn", "svdquant+gptq", "recipe"];

    /// <summary>JSON with exact sums per bin and method.</summary>
    public static BlobRef? Run(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth, BlobRef? lowRank, BlobRef weights,
        IReadOnlyList<BlobRef> clips, IReadOnlyList<Digest> recordings)
    {
        var spec = new ActionSpec(Stage.Measure, source.Plan.Name, layer.Name, new JsonObject
        {
            ["precision"] = layer.Recipe.Precision.ToString(),
            ["granularity"] = layer.Recipe.Activations.Granularity.ToString(),
            ["ties"] = layer.Recipe.Activations.Ties.ToString(),
            ["steps"] = new JsonArray([.. source.Plan.Bins.Select(ClipStage.StepsOf)]),
        }, LayerTensors.Inputs(source, layer, smooth, lowRank, weights, recordings)
            .Concat(clips.Select((clip, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"clip.{i:00}"), clip.Digest))));
        return context.Runner.Run(spec, () => LayerTensors.Guard(source, layer, () =>
        {
            var tensors = new LayerTensors(context.Store, source, layer, smooth, lowRank, weights);
            ClipChoice[] choices = [.. clips.Select(clip => ClipChoice.FromJson(context.Store.ReadJson(clip)))];
            return Outputs.Of("errors", context.Store.StoreJson(Measure(context, source.Plan, layer, tensors, choices, recordings)));
        }), context.Cancellation)?.Outputs["errors"];
    }

    private static JsonObject Measure(BuildContext context, ExpertPlan expert, LayerPlan layer, LayerTensors tensors, ClipChoice[] choices, IReadOnlyList<Digest> recordings)
    {
        TieRule ties = layer.Recipe.Activations.Ties;
        // Methods differ in how they round, not in what: beside a recipe that leaves activations alone the others do so too.
        ActivationQuantizer? unclipped = layer.Recipe.Precision == Precision.W4A4 ? ActivationQuantizer.Unclipped(ties) : null;
        float[]? scale = tensors.Scale.Length > 0 ? tensors.Scale : null;
        PackedWeight rtn = RoundToNearest.Quantize(tensors.Weight, ties).Weight;
        PackedWeight residualRtn = RoundToNearest.Quantize(tensors.Residual, ties).Weight;
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        var bins = new JsonArray();
        for (int bin = 0; bin < expert.Bins.Length; bin++)
        {
            float[] tokens = activations.Read(expert.Bins[bin].Steps);
            MeasuredLayer[] ladder =
            [
                new(null, null, rtn, unclipped),
                new(scale, tensors.Branch, residualRtn, unclipped),
                new(scale, tensors.Branch, tensors.Packed, unclipped),
                new(scale, tensors.Branch, tensors.Packed, choices.Length == 0 ? null : Quantizer(layer.Recipe.Activations, choices[bin])),
            ];
            ErrorSums[] sums = LayerError.Measure(new ReadOnlyMatrixView(tokens, tokens.Length / layer.InFeatures, layer.InFeatures), tensors.Weight, ladder);
            bins.Add(new JsonObject
            {
                ["tokens"] = tokens.Length / layer.InFeatures,
                ["reference"] = sums[0].Reference,
                ["methods"] = new JsonObject(Methods.Zip(sums, (method, sum) => KeyValuePair.Create(method, (JsonNode?)new JsonObject
                {
                    ["error"] = sum.Difference,
                    ["dot"] = sum.Product,
                    ["norm"] = sum.Output,
                }))),
            });
        }
        return new JsonObject { ["bins"] = bins };
    }

    private static ActivationQuantizer Quantizer(ActivationRecipe recipe, ClipChoice choice) => recipe.Granularity == ClipGranularity.Bin
        ? new ActivationQuantizer(1, choice.Offset, choice.Threshold!.Value, recipe.Ties)
        : new ActivationQuantizer((float)choice.Ratio, choice.Offset, float.PositiveInfinity, recipe.Ties);
}
