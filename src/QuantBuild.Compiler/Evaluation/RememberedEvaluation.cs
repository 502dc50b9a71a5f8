using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>An evaluation as the store keeps it for report page and gates.</summary>
/// <param name="Plan">Digest of the plan that was evaluated.</param>
/// <param name="Samples">Evaluation samples used.</param>
/// <param name="Rows">Methods, from full precision on.</param>
internal sealed record RememberedEvaluation(Digest Plan, int Samples, ImmutableArray<RememberedEvaluation.Row> Rows)
{
    /// <summary>One method; see <see cref="EvaluationReport.Row"/>.</summary>
    public sealed record Row(string Method, double LayerError, ImmutableSortedDictionary<string, double> LayerErrorByExpert,
        double LatentError, double LatentCosine, double? Psnr, double? Ssim, long Bytes, double? SecondsPerSample)
    {
        /// <summary>The stored form.</summary>
        public JsonObject ToJson() => new()
        {
            ["method"] = Method,
            ["layerError"] = LayerError,
            ["layerErrorByExpert"] =
                new JsonObject(LayerErrorByExpert.Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)expert.Value))),
            ["latentError"] = LatentError,
            ["latentCosine"] = LatentCosine,
            ["psnr"] = Psnr,
            ["ssim"] = Ssim,
            ["bytes"] = Bytes,
            ["secondsPerSample"] = SecondsPerSample,
        };

        /// <summary>Reads the stored form.</summary>
        /// <exception cref="FormatException">It is something else.</exception>
        public static Row FromJson(JsonNode? json) => new(json.Member("method").Text(), json.Member("layerError").Number(),
            json.Member("layerErrorByExpert").Members()
                .ToImmutableSortedDictionary(expert => expert.Key, expert => expert.Value.Number(), StringComparer.Ordinal),
            json.Member("latentError").Number(), json.Member("latentCosine").Number(), json.Find("psnr")?.Number(),
            json.Find("ssim")?.Number(), json.Member("bytes").Size(), json.Find("secondsPerSample")?.Number());
    }

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["plan"] = Plan.ToString(),
        ["samples"] = Samples,
        ["rows"] = new JsonArray([.. Rows.Select(row => (JsonNode)row.ToJson())]),
    };

    /// <summary>The form of the report page, which says whether it is about the same plan as the page.</summary>
    /// <param name="plan">The page's.</param>
    public JsonObject ToPage(Digest plan)
    {
        JsonObject json = ToJson();
        json["current"] = plan == Plan;
        return json;
    }

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RememberedEvaluation FromJson(JsonNode json) => new(json.Member("plan").Digest(), json.Member("samples").Integer(),
        [.. json.Member("rows").Items().Select(Row.FromJson)]);
}
