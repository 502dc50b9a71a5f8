using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Reporting;

/// <summary>What is recorded about one layer.</summary>
internal static class LayerFacts
{
    /// <summary>Methods of the Measure stage, in the order of the paper's Table I.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["rtn", "svdquant+rtn", "svdquant+gptq", "recipe"];

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
        if (results.Json(Stage.Gptq, expert.Name, layer.Name, "outcome") is { } outcome)
            json["gptq"] = outcome;
        double[]? references = null;
        if (results.Published(expert.Name, layer.Name) is { } published)
        {
            json["relative"] = Rounded.Array([published.Rtn, published.SvdQuantRtn, published.SvdQuantGptq, published.Recipe], Rounded.Measure);
            json["cosine"] = new JsonArray(null, null, null, Rounded.Measure(1 - published.Cosine));
        }
        else if (results.Json(Stage.Measure, expert.Name, layer.Name, "errors", Errors) is { } measured)
        {
            references = measured.References;
            foreach ((string key, JsonNode? value) in measured.Facts)
                json[key] = value?.DeepClone();
        }
        if (layer.Recipe.Precision == Precision.W4A4)
            json["clips"] = new JsonArray([.. expert.Bins.Select((bin, i) => Clip(results, expert, layer, bin, references?.ElementAtOrDefault(i)))]);
        return json;
    }

    /// <summary>Relative and cosine errors over all bins, by method in the order of <see cref="Methods"/>.</summary>
    public static JsonObject Totals(JsonObject measure)
    {
        ErrorSums[] totals = [.. Methods.Select(method => measure.Member("bins").Items().Select(bin => LayerQualities.SumsOf(bin, method)).Aggregate(new ErrorSums(0, 0, 0, 0), (a, b) => a + b))];
        return new JsonObject
        {
            ["relative"] = Rounded.Array(totals.Select(sums => sums.RelativeError), Rounded.Measure),
            ["cosine"] = Rounded.Array(totals.Select(sums => 1 - sums.Cosine), Rounded.Measure),
        };
    }

    /// <summary>Errors over all bins and of each, and the squared norm of each bin's full-precision output.</summary>
    private static MeasuredErrors Errors(JsonObject measure)
    {
        JsonObject facts = Totals(measure);
        JsonArray bins = measure.Member("bins").Items();
        facts["bins"] = new JsonArray([.. bins.Select(bin => (JsonNode)new JsonObject
        {
            ["tokens"] = bin.Member("tokens").Integer(),
            ["relative"] = Rounded.Array(Methods.Select(method => LayerQualities.SumsOf(bin, method).RelativeError), Rounded.Measure),
            ["cosine"] = Rounded.Array(Methods.Select(method => 1 - LayerQualities.SumsOf(bin, method).Cosine), Rounded.Measure),
        })]);
        return new MeasuredErrors(facts, [.. bins.Select(bin => bin.Member("reference").Number())]);
    }

    /// <summary>
    /// Choice and candidates of a bin. Errors are relative to the bin's full-precision output, like all others, when the search compares with
    /// it and the reference is known; otherwise relative to the best candidate.
    /// </summary>
    private static JsonObject? Clip(RecordedResults results, ExpertPlan expert, LayerPlan layer, TimestepBin bin, double? reference)
    {
        if (results.Json(Stage.Clip, expert.Name, ClipStage.NameOf(layer, bin), "choice", ClipChoice.FromJson) is not { Errors.Count: > 0 } choice)
            return null;
        double best = choice.Errors.Min(candidate => candidate.Error);
        bool absolute = reference > 0 && layer.Recipe.Activations.Objective == ClipObjective.Output;
        double unit = absolute ? reference!.Value : best;
        var json = new JsonObject
        {
            ["ratio"] = choice.Ratio,
            ["ratios"] = Rounded.Array(choice.Errors.Select(candidate => candidate.Ratio), ratio => ratio),
            ["errors"] = Rounded.Array(choice.Errors.Select(candidate => unit > 0 ? Math.Sqrt(candidate.Error / unit) : 0), Rounded.Measure),
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
