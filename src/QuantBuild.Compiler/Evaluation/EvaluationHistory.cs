using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

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
            return AtomicFile.TryRead(PathOf(store, plan)) is { } bytes ? Parse(bytes, PlanDigest.Of(plan)) : null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }

    /// <summary>Reads a remembered evaluation; null when it is damaged.</summary>
    internal static JsonObject? Parse(ReadOnlySpan<byte> json, Digest plan)
    {
        try
        {
            JsonObject evaluation = CheckedNodes.Parse(json).Members();
            foreach (JsonNode? row in evaluation.Member("rows").Items())
            {
                _ = row.Member("method").Text();
                foreach ((_, JsonNode? value) in row.Members().Where(field => field.Key is not ("method" or "layerErrorByExpert")))
                    _ = value?.Number();
                foreach ((_, JsonNode? value) in row.Find("layerErrorByExpert")?.Members() ?? [])
                    _ = value.Number();
            }
            _ = evaluation.Member("samples").Integer();
            evaluation["current"] = evaluation.Member("plan").Text() == plan.ToString();
            return evaluation;
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Error of the final latents of the plan's own recipe by the last evaluation; null when that was of something else, or of nothing.
    /// </summary>
    public static double? FinalLatentError(ContentStore store, Plan plan) =>
        Load(store, plan) is { } json && json["current"]!.GetValue<bool>()
        ? json["rows"]?.AsArray()
        .FirstOrDefault(row => row?["method"]?.GetValue<string>() == EvaluationReport.Ours)?["latentError"]?.GetValue<double>()
        : null;

    private static JsonObject Row(EvaluationReport.Row row, IReadOnlyList<ActionEvent> actions)
    {
        double[] seconds =
            [.. actions.Where(action => action.Stage == BuildStages.Evaluate.Name
                && action.Name.StartsWith(row.Method + " sample", StringComparison.Ordinal))
            .Select(action => action.Seconds)];
        return new JsonObject
        {
            ["method"] = row.Method,
            ["layerError"] = row.MeanLayerError,
            ["layerErrorByExpert"] =
                new JsonObject(row.MeanLayerErrorByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value))),
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
