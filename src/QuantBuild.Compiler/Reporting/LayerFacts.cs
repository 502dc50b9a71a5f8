using System.Text.Json.Nodes;
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
        else if (results.Json(Stage.Measure, expert.Name, layer.Name, "errors") is { } measure)
        {
            references = [.. measure["bins"]!.AsArray().Select(bin => bin!["reference"]!.GetValue<double>())];
            AddErrors(json, measure);
        }
        if (layer.Recipe.Precision == Precision.W4A4)
            json["clips"] = new JsonArray([.. expert.Bins.Select((bin, i) => Clip(results, expert, layer, bin, references?[i]))]);
        return json;
    }

    /// <summary>Relative and cosine errors over all bins, by method in the order of <see cref="Methods"/>.</summary>
    public static JsonObject Totals(JsonObject measure)
    {
        var json = new JsonObject();
        AddTotals(json, measure);
        return json;
    }

    private static void AddErrors(JsonObject json, JsonObject measure)
    {
        AddTotals(json, measure);
        json["bins"] = new JsonArray([.. measure["bins"]!.AsArray().Select(bin => (JsonNode)new JsonObject
        {
            ["tokens"] = bin!["tokens"]!.GetValue<int>(),
            ["relative"] = Rounded.Array(Methods.Select(method => SumsOf(bin, method).RelativeError), Rounded.Measure),
            ["cosine"] = Rounded.Array(Methods.Select(method => 1 - SumsOf(bin, method).Cosine), Rounded.Measure),
        })]);
    }

    private static void AddTotals(JsonObject json, JsonObject measure)
    {
        ErrorSums[] totals = [.. Methods.Select(method => measure["bins"]!.AsArray().Select(bin => SumsOf(bin!, method)).Aggregate((a, b) => a + b))];
        json["relative"] = Rounded.Array(totals.Select(sums => sums.RelativeError), Rounded.Measure);
        json["cosine"] = Rounded.Array(totals.Select(sums => 1 - sums.Cosine), Rounded.Measure);
    }

    private static ErrorSums SumsOf(JsonNode bin, string method)
    {
        JsonNode sums = bin["methods"]![method]!;
        return new ErrorSums(bin["reference"]!.GetValue<double>(), sums["error"]!.GetValue<double>(), sums["dot"]!.GetValue<double>(), sums["norm"]!.GetValue<double>());
    }

    /// <summary>
    /// Choice and candidates of a bin. Errors are relative to the bin's full-precision output, like all others, when the search compares with
    /// it and the reference is known; otherwise relative to the best candidate.
    /// </summary>
    private static JsonObject? Clip(RecordedResults results, ExpertPlan expert, LayerPlan layer, TimestepBin bin, double? reference)
    {
        if (results.Json(Stage.Clip, expert.Name, ClipStage.NameOf(layer, bin), "choice") is not { } stored)
            return null;
        ClipChoice choice = ClipChoice.FromJson(stored);
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
}
