using System.Text.Json.Nodes;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Reporting;

/// <summary>The gates of a manifest, and the layers beyond one.</summary>
internal static class GateFacts
{
    /// <summary>
    /// The thresholds for every layer, the number of all thresholds, and the layers that exceed one, as <c>expert/layer</c>.
    /// </summary>
    public static JsonObject Of(RecordedResults results, Plan plan)
    {
        GatesSection gates = plan.Manifest.Gates;
        var layers = new List<LayerQuality>();
        var bins = new List<BinQuality>();
        foreach (ExpertPlan expert in plan.Experts)
        {
            foreach (LayerPlan layer in expert.Layers.Where(layer => layer.Recipe.Precision != Precision.BF16))
            {
                if (results.Published(expert.Name, layer.Name) is { } published)
                {
                    layers.Add(published);
                    continue;
                }
                if (results.Result(BuildStages.Measure, expert.Name, layer.Name)?.Value is not { } measured)
                    continue;
                layers.Add(LayerQualities.Of(measured, expert.Name, layer.Name));
                bins.AddRange(LayerQualities.PerBin(measured, expert, layer.Name));
            }
        }
        return new JsonObject
        {
            ["maxRelativeError"] = LimitOf(gates, GateMetric.RelativeError),
            ["maxErrorVsRtn"] = LimitOf(gates, GateMetric.ErrorVsRtn),
            ["count"] = gates.Thresholds.Length,
            ["beyond"] = new JsonArray([.. GateReadings.Of(gates, new MeasuredQuality(layers, bins, null))
                .Where(reading => reading.IsExceeded)
                .Select(reading => $"{reading.Expert}/{reading.Layer}").Distinct().Select(layer => (JsonNode)layer)]),
        };
    }

    /// <summary>The threshold of every layer; null when there is none.</summary>
    private static double? LimitOf(GatesSection gates, GateMetric metric) => gates.Thresholds
        .Where(gate => gate.Metric == metric && gate.IsGeneral).Select(gate => (double?)gate.Limit).LastOrDefault();
}
