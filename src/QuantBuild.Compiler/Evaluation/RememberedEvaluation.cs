using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

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
        /// <summary>Layer error on unseen tokens; null where it was not measured.</summary>
        public double? HeldOut { get; init; }

        /// <summary>See <see cref="LatentErrors.Spread"/>.</summary>
        public double? LatentSpread { get; init; }

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
            ["heldOut"] = HeldOut,
            ["latentSpread"] = LatentSpread,
        };

        /// <summary>Reads the stored form.</summary>
        /// <exception cref="FormatException">It is something else.</exception>
        public static Row FromJson(JsonNode? json) => new(json.Member("method").Text(), json.Member("layerError").Number(),
            json.Member("layerErrorByExpert").Members()
                .ToImmutableSortedDictionary(expert => expert.Key, expert => expert.Value.Number(), StringComparer.Ordinal),
            json.Member("latentError").Number(), json.Member("latentCosine").Number(), json.Find("psnr")?.Number(),
            json.Find("ssim")?.Number(), json.Member("bytes").Size(), json.Find("secondsPerSample")?.Number())
        {
            HeldOut = json.Find("heldOut")?.Number(),
            LatentSpread = json.Find("latentSpread")?.Number(),
        };
    }

    /// <summary>A layer of the manifest's own recipe; see <see cref="HeldOutLayer"/>.</summary>
    public sealed record Layer(string Expert, string Name, double HeldOut, WeightSpectrum Spectrum)
    {
        /// <summary>The stored form.</summary>
        public JsonObject ToJson() => new()
        {
            ["expert"] = Expert,
            ["name"] = Name,
            ["heldOut"] = HeldOut,
            ["held"] = Spectrum.Held,
            ["spectrum"] = new SpectrumResult(Spectrum).ToJson(),
        };

        /// <summary>Reads the stored form.</summary>
        /// <exception cref="FormatException">It is something else.</exception>
        public static Layer FromJson(JsonNode? json) => new(json.Member("expert").Text(), json.Member("name").Text(),
            json.Member("heldOut").Number(), SpectrumResult.FromJson(json.Member("spectrum").Members()).Spectrum);
    }

    /// <summary>How often every sample ran.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>The layers of the manifest's own recipe; empty where they were not measured on unseen tokens.</summary>
    public ImmutableArray<Layer> Layers { get; init; } = [];

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["plan"] = Plan.ToString(),
        ["samples"] = Samples,
        ["rows"] = new JsonArray([.. Rows.Select(row => (JsonNode)row.ToJson())]),
        ["repeats"] = Repeats,
        ["layers"] = new JsonArray([.. Layers.Select(layer => (JsonNode)layer.ToJson())]),
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
        [.. json.Member("rows").Items().Select(Row.FromJson)])
    {
        Repeats = json.Find("repeats")?.Integer() ?? 1,
        Layers = [.. (json.Find("layers")?.Items() ?? []).Select(Layer.FromJson)],
    };
}
