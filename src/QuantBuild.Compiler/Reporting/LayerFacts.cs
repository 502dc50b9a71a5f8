using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Reporting;

/// <summary>What is recorded about one layer.</summary>
internal static class LayerFacts
{
    /// <summary>Facts of a layer; a key is left out when its result is missing.</summary>
    /// <param name="results">Results of the build.</param>
    /// <param name="expert">Its expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="recipe">Index of its recipe among the report's.</param>
    public static JsonObject Of(RecordedResults results, ExpertPlan expert, LayerPlan layer, int recipe)
    {
        var json = new JsonObject
        {
            ["name"] = layer.Name,
            ["block"] = layer.Block,
            ["site"] = (int)layer.Site,
            ["out"] = layer.OutFeatures,
            ["in"] = layer.InFeatures,
            ["recipe"] = recipe,
        };
        if (layer.Reason != "default")
            json["why"] = layer.Reason;
        if (layer.Recipe.Precision == Precision.BF16)
            return json;
        LayerSize size = LayerSize.Of(expert, layer);
        json["bytes"] = new JsonArray(size.Codes, size.Scales, size.LowRank, size.Smooth, size.Clips);
        if (results.Result(BuildStages.Gptq, expert.Name, layer.Name) is { } rounded)
            json["gptq"] = rounded.Outcome.ToJson();
        if (results.Action(BuildStages.Rotate, expert.Name, layer.Name) is not null
            && results.Result(BuildStages.Rotate, expert.Name, layer.Name)?.Value is { } rotation)
            json["rotation"] = new JsonObject
            {
                ["rotated"] = rotation.Rotation != Formats.Rotation.None,
                ["error"] = rotation.Errors.Plain > 0
                    ? Rounded.Measure(Math.Sqrt(rotation.Errors.Rotated / rotation.Errors.Plain))
                    : null,
            };
        double[]? references = null;
        if (results.Published(expert.Name, layer.Name) is { } published)
        {
            json["relative"] = Rounded.Array([published.Rtn, published.SvdQuantRtn, published.SvdQuantGptq, published.Recipe],
                Rounded.Measure);
            json["cosine"] = new JsonArray(null, null, null, Rounded.Measure(1 - published.Cosine));
        }
        else if (results.Result(BuildStages.Measure, expert.Name, layer.Name)?.Value is { } measured)
        {
            references = [.. measured.Bins.Select(bin => bin.Reference)];
            AddErrors(json, measured);
        }
        if (layer.Recipe.Precision == Precision.W4A4)
            json["clips"] =
                new JsonArray([.. expert.Bins.Select((bin, i) => Clip(results, expert, layer, bin, references?.ElementAtOrDefault(i)))]);
        return json;
    }

    /// <summary>Relative and cosine errors over all bins, by method in the order of <see cref="LayerErrors.Methods"/>.</summary>
    public static JsonObject Totals(LayerErrors errors)
    {
        var json = new JsonObject();
        AddErrors(json, errors.Totals());
        return json;
    }

    private static void AddErrors(JsonObject json, LayerErrors errors)
    {
        AddErrors(json, errors.Totals());
        json["bins"] = new JsonArray([.. errors.Bins.Select(bin =>
        {
            var inBin = new JsonObject { ["tokens"] = bin.Tokens };
            AddErrors(inBin, bin.Sums);
            return (JsonNode)inBin;
        })]);
    }

    private static void AddErrors(JsonObject json, IReadOnlyList<ErrorSums> methods)
    {
        json["relative"] = Rounded.Array(methods.Select(sums => sums.RelativeError), Rounded.Measure);
        json["cosine"] = Rounded.Array(methods.Select(sums => 1 - sums.Cosine), Rounded.Measure);
    }

    /// <summary>
    /// Choice and candidates of a bin. Errors are relative to the bin's full-precision output, like all others, when the search compares
    /// with it and the reference is known; otherwise relative to the best candidate.
    /// </summary>
    private static JsonObject? Clip(RecordedResults results, ExpertPlan expert, LayerPlan layer, TimestepBin bin, double? reference)
    {
        if (bin.KeepsActivations)
            return null;
        if (results.Result(BuildStages.Clip, expert.Name, ClipStage.NameOf(layer, bin))?.Value is not { } choice)
            return null;
        double best = choice.Errors.Min(candidate => candidate.Error);
        bool absolute = reference > 0 && layer.Recipe.Activations.Objective == ClipObjective.Output;
        double unit = absolute ? reference!.Value : best;
        var json = new JsonObject
        {
            ["ratio"] = choice.Ratio,
            ["ratios"] = Rounded.Array(choice.Errors.Select(candidate => candidate.Ratio), ratio => ratio),
            ["errors"] = Rounded.Array(choice.Errors.Select(candidate => unit > 0 ? Math.Sqrt(candidate.Error / unit) : 0),
                Rounded.Measure),
        };
        if (!absolute)
            json["unit"] = "best";
        if (choice.Errors.Any(candidate => candidate.Offset != 0))
        {
            json["offset"] = choice.Offset;
            json["offsets"] = Rounded.Array(choice.Errors.Select(candidate => candidate.Offset));
        }
        if (choice.Threshold is { } threshold)
            json["threshold"] = Rounded.Measure(threshold);
        return json;
    }

    private sealed record MeasuredErrors(JsonObject Facts, double[] References);
}
