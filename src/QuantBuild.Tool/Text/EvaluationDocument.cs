using System.Text.Json.Nodes;
using QuantBuild.Compiler.Evaluation;

namespace QuantBuild.Tool.Text;

/// <summary>An evaluation as JSON, for programs.</summary>
internal static class EvaluationDocument
{
    /// <summary>The whole.</summary>
    public static JsonObject Of(EvaluationReport report) => new()
    {
        ["rows"] = new JsonArray([.. report.Rows.Select(Row)]),
        ["samples"] = report.Samples,
        ["repeats"] = report.Repeats,
        ["layers"] = new JsonArray([.. report.Layers.Select(Layer)]),
        ["hints"] = new JsonArray([.. report.Hints.Select(hint => (JsonNode)hint)]),
    };

    private static JsonObject Row(EvaluationReport.Row row) => new()
    {
        ["method"] = row.Method,
        ["meanLayerError"] = row.Calibrated.All,
        ["meanLayerErrorByExpert"] = ByExpert(row.Calibrated),
        ["heldOutLayerError"] = row.HeldOut?.All,
        ["heldOutLayerErrorByExpert"] = row.HeldOut is { } unseen ? ByExpert(unseen) : null,
        ["flatters"] = row.Flatters,
        ["finalLatentError"] = row.Latent.Error,
        ["finalLatentErrorSpread"] = row.Latent.Spread,
        ["finalLatentCosine"] = row.Latent.Cosine,
        ["artifactBytes"] = row.ArtifactBytes,
        ["video"] = row.Video is not { } video ? null : new JsonObject
        {
            ["psnr"] = Finite(video.Psnr),
            ["ssim"] = video.Ssim,
            ["firstFramePsnr"] = Finite(video.FirstFramePsnr),
            ["flicker"] = video.Flicker,
        },
    };

    private static JsonObject Layer(HeldOutLayer layer) => new()
    {
        ["expert"] = layer.Expert,
        ["layer"] = layer.Layer,
        ["rank"] = layer.Rank,
        ["error"] = layer.Calibrated,
        ["heldOut"] = layer.HeldOut,
        ["branchHolds"] = layer.Spectrum.Held,
        ["rankCouldHold"] = layer.Spectrum.MostHeld(layer.Rank),
        ["singularValues"] = new JsonArray([.. layer.Spectrum.Singular.Select(value => (JsonNode)value)]),
    };

    private static JsonObject ByExpert(LayerMeans means) =>
        new(means.ByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value)));

    /// <summary>Equal frames are infinitely alike, for which JSON has no number.</summary>
    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
