using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The last evaluation of a manifest on this machine, kept in the store for its report page. No result depends on it.</summary>
internal static class EvaluationHistory
{
    /// <summary>Remembers an evaluation.</summary>
    /// <param name="store">The store.</param>
    /// <param name="plan">What was evaluated.</param>
    /// <param name="report">What was found.</param>
    /// <param name="actions">The evaluation's actions, for the time that samples took.</param>
    public static void Save(ContentStore store, Plan plan, EvaluationReport report, IReadOnlyList<ActionEvent> actions)
    {
        try
        {
            AtomicFile.Write(PathOf(store, plan), store.NewTemporary(), CanonicalJson.Serialize(new JsonObject
            {
                ["plan"] = PlanDigest.Of(plan).ToString(),
                ["samples"] = report.Samples,
                ["rows"] = new JsonArray([.. report.Rows.Select(row => (JsonNode)Row(row, actions))]),
            }));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // The answer is printed all the same; only the report page will not show it.
        }
    }

    /// <summary>The remembered evaluation; null when there is none or it cannot be read.</summary>
    /// <param name="store">The store.</param>
    /// <param name="plan">What the report is about; <c>current</c> says whether the evaluation is about the same.</param>
    public static JsonObject? Load(ContentStore store, Plan plan)
    {
        try
        {
            if (AtomicFile.TryRead(PathOf(store, plan)) is not { } bytes || JsonNode.Parse(bytes) is not JsonObject json)
                return null;
            json["current"] = json["plan"]?.GetValue<string>() == PlanDigest.Of(plan).ToString();
            return json;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException || StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }

    /// <summary>Error of the final latents of the plan's own recipe by the last evaluation; null when that was of something else, or of nothing.</summary>
    public static double? FinalLatentError(ContentStore store, Plan plan) => Load(store, plan) is { } json && json["current"]!.GetValue<bool>()
        ? json["rows"]?.AsArray().FirstOrDefault(row => row?["method"]?.GetValue<string>() == EvaluationReport.Ours)?["latentError"]?.GetValue<double>()
        : null;

    private static JsonObject Row(EvaluationReport.Row row, IReadOnlyList<ActionEvent> actions)
    {
        double[] seconds = [.. actions.Where(action => action.Stage == Stage.Evaluate.Name && action.Name.StartsWith(row.Method + " sample", StringComparison.Ordinal))
            .Select(action => action.Seconds)];
        return new JsonObject
        {
            ["method"] = row.Method,
            ["layerError"] = row.MeanLayerError,
            ["layerErrorByExpert"] = new JsonObject(row.MeanLayerErrorByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value))),
            ["latentError"] = row.FinalLatentError,
            ["latentCosine"] = row.FinalLatentCosine,
            ["psnr"] = row.Video?.Psnr,
            ["ssim"] = row.Video?.Ssim,
            ["bytes"] = row.ArtifactBytes,
            ["secondsPerSample"] = seconds.Length > 0 ? Math.Round(seconds.Average(), 3) : null,
        };
    }

    private static string PathOf(ContentStore store, Plan plan) =>
        Path.Combine(store.Root, "builds", Digest.Of(Encoding.UTF8.GetBytes(Path.GetFullPath(plan.Manifest.Path))) + ".evaluation.json");
}
