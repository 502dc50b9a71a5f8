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
    public static BlobRef? Run(LayerWork work, TimestepBin bin)
    {
        LayerPlan layer = work.Layer;
        ActivationRecipe recipe = layer.Recipe.Activations;
        ImmutableArray<double> ratios = bin.ClipRatios ?? recipe.ClipRatios;
        var spec = new ActionSpec(Stage.Clip, work.Source.Plan.Name, NameOf(layer, bin), new JsonObject
        {
            ["granularity"] = recipe.Granularity.ToString(),
            ["ratios"] = new JsonArray([.. ratios.Select(ratio => (JsonNode)ratio)]),
            ["offsets"] = new JsonArray([.. recipe.ExponentOffsets.Select(offset => (JsonNode)offset)]),
            ["ties"] = recipe.Ties.ToString(),
            ["objective"] = recipe.Objective.ToString(),
            ["steps"] = StepsOf(bin),
        }, LayerTensors.Inputs(work, work.Recordings));
        return work.Run(spec, () =>
        {
            ClipResult result = Search(work, bin, recipe with { ClipRatios = ratios });
            var choice = new ClipChoice(result.Best.Ratio, result.Best.ExponentOffset, result.Threshold,
                [.. result.Candidates.Select(candidate => new ClipChoice.Candidate(candidate.Ratio, candidate.ExponentOffset, candidate.Error))]);
            return Outputs.Of("choice", work.Context.Store.StoreJson(choice.ToJson()));
        })?.Outputs["choice"];
    }

    private static ClipResult Search(LayerWork work, TimestepBin bin, ActivationRecipe recipe)
    {
        using SiteActivations activations = SiteActivations.Open(work.Context.Store, work.Recordings);
        // Only a static threshold depends on the largest magnitude, and with it on all tokens.
        float magnitude = 0;
        if (recipe.Granularity == ClipGranularity.Bin)
        {
            foreach (Memory<float> portion in Tokens())
                magnitude = Math.Max(magnitude, ClipSearch.Magnitude(Matrix(portion), work.Threads));
        }
        var search = new ClipSearch(work.Tensors.Packed, recipe, magnitude, work.Threads, work.Context.Cancellation);
        foreach (Memory<float> portion in Tokens())
            search.Add(Matrix(portion), work.Tensors.Residual);
        return search.Finish();

        // The bin's tokens after smoothing, from the store every time: however many there are, few are in memory.
        IEnumerable<Memory<float>> Tokens()
        {
            foreach (Memory<float> portion in activations.Portions(bin.Steps, ClipSearch.TokensAtOnce))
            {
                work.Context.Cancellation.ThrowIfCancellationRequested();
                MatrixView tokens = Matrix(portion);
                if (work.Tensors.Scale.Length > 0)
                    Smoothing.ApplyToActivation(tokens, work.Tensors.Scale, tokens, work.Threads);
                yield return portion;
            }
        }

        MatrixView Matrix(Memory<float> portion) => new(portion.Span, portion.Length / work.Layer.InFeatures, work.Layer.InFeatures);
    }
}
