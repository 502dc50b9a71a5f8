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
    public static BlobRef? Run(LayerWork work, IReadOnlyList<BlobRef> clips)
    {
        LayerPlan layer = work.Layer;
        var spec = new ActionSpec(Stage.Measure, work.Source.Plan.Name, layer.Name, new JsonObject
        {
            ["precision"] = layer.Recipe.Precision.ToString(),
            ["granularity"] = layer.Recipe.Activations.Granularity.ToString(),
            ["ties"] = layer.Recipe.Activations.Ties.ToString(),
            ["steps"] = new JsonArray([.. work.Source.Plan.Bins.Select(ClipStage.StepsOf)]),
        }, LayerTensors.Inputs(work, work.Recordings)
            .Concat(clips.Select((clip, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"clip.{i:00}"), clip.Digest))));
        return work.Run(spec, () =>
        {
            ClipChoice[] choices = [.. clips.Select(clip => work.Context.Store.ReadJson(clip, ClipChoice.FromJson))];
            return Outputs.Of("errors", work.Context.Store.StoreJson(Measure(work, choices)));
        })?.Outputs["errors"];
    }

    private static JsonObject Measure(LayerWork work, ClipChoice[] choices)
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
        using SiteActivations activations = SiteActivations.Open(work.Context.Store, work.Recordings);
        var bins = new JsonArray();
        for (int bin = 0; bin < work.Source.Plan.Bins.Length; bin++)
        {
            MeasuredLayer[] ladder =
            [
                new(null, null, rtn, unclipped),
                new(scale, tensors.Branch, residualRtn, unclipped),
                new(scale, tensors.Branch, tensors.Packed, unclipped),
                new(scale, tensors.Branch, tensors.Packed, choices.Length == 0 ? null : Quantizer(layer.Recipe.Activations, choices[bin])),
            ];
            work.Reclaim();
            using var errors = new LayerError(ladder, work.Threads, work.Context.Cancellation);
            foreach (Memory<float> portion in activations.Portions(work.Source.Plan.Bins[bin].Steps, LayerError.TokensAtOnce))
            {
                errors.Add(new ReadOnlyMatrixView(portion.Span, portion.Length / layer.InFeatures, layer.InFeatures), tensors.Weight);
            }
            ErrorSums[] sums = errors.Finish();
            bins.Add(new JsonObject
            {
                ["tokens"] = errors.Tokens,
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
