using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Work;

/// <summary>The chosen clip of a layer in one bin, as the Clip stage stores it.</summary>
/// <param name="Ratio">Chosen ratio.</param>
/// <param name="Offset">Chosen exponent offset.</param>
/// <param name="Threshold">Static threshold; null unless the granularity is per bin.</param>
/// <param name="Errors">Squared output error of every candidate.</param>
internal sealed record ClipChoice(double Ratio, int Offset, float? Threshold, IReadOnlyList<ClipChoice.Candidate> Errors)
{
    /// <summary>The choice as the runtime has it.</summary>
    public ClipSetting Setting => new((float)Ratio, Offset, Threshold);

    /// <summary>A candidate and its squared output error.</summary>
    public sealed record Candidate(double Ratio, int Offset, double Error);

    /// <summary>The stored form.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["ratio"] = Ratio,
            ["offset"] = Offset,
            ["errors"] = new JsonArray(
                [.. Errors.Select(error =>
                    (JsonNode)new JsonObject { ["ratio"] = error.Ratio, ["offset"] = error.Offset, ["error"] = error.Error })]),
        };
        if (Threshold is { } threshold)
            json["threshold"] = threshold;
        return json;
    }

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ClipChoice FromJson(JsonObject json) => new(json.Member("ratio").Number(), json.Member("offset").Integer(),
        (float?)json.Find("threshold")?.Number(),
        [.. json.Member("errors").Items()
            .Select(error =>
                new Candidate(error.Member("ratio").Number(), error.Member("offset").Integer(), error.Member("error").Number()))]);
}
