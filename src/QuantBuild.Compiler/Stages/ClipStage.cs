using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Stages;

/// <summary>Search for the clip ratio of a layer in one bin: eq. (10).</summary>
internal static class ClipStage
{
    /// <summary>Name of the action.</summary>
    public static string NameOf(LayerPlan layer, TimestepBin bin) => $"{layer.Name}/{bin.Name}";

    /// <summary>Steps of a bin as part of a key. The bin's name is not: renaming one changes nothing.</summary>
    public static JsonArray StepsOf(TimestepBin bin) => [.. bin.Steps.Select(step => (JsonNode)step)];

    /// <summary>JSON with the chosen ratio, offset and threshold and the error of every candidate.</summary>
    public static BlobRef? Run(BuildContext context, ExpertSource source, LayerPlan layer, TimestepBin bin, BlobRef? smooth, BlobRef? lowRank,
        BlobRef weights, IReadOnlyList<Digest> recordings)
    {
        ActivationRecipe recipe = layer.Recipe.Activations;
        ImmutableArray<double> ratios = bin.ClipRatios ?? recipe.ClipRatios;
        var spec = new ActionSpec(Stage.Clip, source.Plan.Name, NameOf(layer, bin), new JsonObject
        {
            ["granularity"] = recipe.Granularity.ToString(),
            ["ratios"] = new JsonArray([.. ratios.Select(ratio => (JsonNode)ratio)]),
            ["offsets"] = new JsonArray([.. recipe.ExponentOffsets.Select(offset => (JsonNode)offset)]),
            ["ties"] = recipe.Ties.ToString(),
            ["objective"] = recipe.Objective.ToString(),
            ["steps"] = StepsOf(bin),
        }, LayerTensors.Inputs(source, layer, smooth, lowRank, weights, recordings));
        return context.Runner.Run(spec, () => LayerTensors.Guard(source, layer, () =>
        {
            var tensors = new LayerTensors(context.Store, source, layer, smooth, lowRank, weights);
            using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
            float[] tokens = activations.Read(bin.Steps);
            var x = new MatrixView(tokens, tokens.Length / layer.InFeatures, layer.InFeatures);
            if (tensors.Scale.Length > 0)
                Smoothing.ApplyToActivation(x, tensors.Scale, x);
            ClipResult result = ClipSearch.Search(x, tensors.Residual, tensors.Packed, recipe with { ClipRatios = ratios });
            var choice = new ClipChoice(result.Best.Ratio, result.Best.ExponentOffset, result.Threshold,
                [.. result.Candidates.Select(candidate => new ClipChoice.Candidate(candidate.Ratio, candidate.ExponentOffset, candidate.Error))]);
            return Outputs.Of("choice", context.Store.StoreJson(choice.ToJson()));
        }), context.Cancellation)?.Outputs["choice"];
    }
}
