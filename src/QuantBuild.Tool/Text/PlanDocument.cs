using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Tool.Text;

/// <summary>A plan as JSON.</summary>
internal static class PlanDocument
{
    /// <summary>The document that <c>plan --json</c> prints.</summary>
    public static JsonObject Of(PlanReport report)
    {
        ILookup<string, PlannedLayer> layers = PlannedLayer.All(report).ToLookup(layer => layer.Expert);
        return new JsonObject
        {
            ["experts"] = new JsonArray([.. report.Plan.Experts.Select(expert => new JsonObject
            {
                ["name"] = expert.Name,
                ["bins"] = new JsonArray([.. expert.Bins.Select(Bin)]),
                ["layers"] = new JsonArray([.. layers[expert.Name].Select(Layer)]),
                ["keptTensors"] = expert.KeptTensors.Length,
            })]),
            ["actions"] = report.Actions.Count,
            ["missing"] = report.Actions.Count(action => action.Outcome == ActionOutcome.Missing),
            ["peakBytes"] = report.PeakBytes,
            ["storeBytes"] = report.StoreBytes,
            ["artifactBytes"] = report.ArtifactBytes,
            ["weightBytes"] = report.WeightBytes,
            ["device"] = DeviceMemoryText.Document(report.Device),
            ["time"] = new JsonObject
            {
                ["seconds"] = Math.Round(report.Time.Seconds, 2),
                ["threads"] = report.Time.Threads,
                ["processorSeconds"] = Math.Round(report.Time.ProcessorSeconds, 2),
                ["deviceSeconds"] = Math.Round(report.Time.DeviceSeconds, 2),
                ["stages"] = new JsonArray([.. report.Time.Stages.Select(stage => new JsonObject
                {
                    ["stage"] = stage.Stage,
                    ["actions"] = stage.Actions,
                    ["missing"] = stage.Missing,
                    [stage.OnDevice ? "deviceSeconds" : "processorSeconds"] = Math.Round(stage.Seconds, 2),
                })]),
                ["machine"] = report.Time.Speed.Machine,
            },
            ["shards"] = report.Shards is not { } shards ? null : new JsonObject
            {
                ["balance"] = Math.Round(shards.Balance, 4),
                ["longestSampleProcessorSeconds"] = Math.Round(shards.LongestSample, 2),
                ["longestLayerProcessorSeconds"] = Math.Round(shards.LongestChain, 2),
                ["workers"] = new JsonArray([.. shards.Workers.Select(worker => new JsonObject
                {
                    ["samples"] = worker.Samples,
                    ["layers"] = worker.Layers,
                    ["calibrateProcessorSeconds"] = Math.Round(worker.CalibrateSeconds, 2),
                    ["layerProcessorSeconds"] = Math.Round(worker.LayerSeconds, 2),
                    ["bytesIn"] = worker.BytesIn,
                    ["bytesOut"] = worker.BytesOut,
                })]),
            },
            ["headersOnly"] = report.Plan.Location.HeadersOnly,
            ["commit"] = report.Plan.Location.Commit,
        };
    }

    private static JsonObject Bin(TimestepBin bin) => new()
    {
        ["name"] = bin.Name,
        ["minTimestep"] = bin.MinTimestep,
        ["maxTimestep"] = bin.MaxTimestep,
        ["steps"] = bin.Steps.Length,
    };

    private static JsonObject Layer(PlannedLayer layer) => new()
    {
        ["name"] = layer.Plan.Name,
        ["outFeatures"] = layer.Plan.OutFeatures,
        ["inFeatures"] = layer.Plan.InFeatures,
        ["precision"] = layer.Precision,
        ["rank"] = layer.IsQuantized ? layer.Plan.Recipe.LowRank.Rank : null,
        ["method"] = layer.IsQuantized ? layer.Method : null,
        ["reason"] = layer.Plan.Reason,
        ["actions"] = new JsonArray([.. layer.Actions.Select(JsonReport.Of)]),
    };
}
