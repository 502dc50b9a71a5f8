using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>What happened while a branch and a weight were found together.</summary>
/// <param name="Ratio">Clip ratio that the weights were made for; null where the input is not rounded.</param>
/// <param name="ExponentOffset">Exponent offset that they were made for.</param>
/// <param name="Ridge">The ridge in units of the mean noise; null where the input is not rounded.</param>
/// <param name="Tried">Ridges tried, the best first; empty where none was.</param>
/// <param name="Passes">Passes over the weight of the first decomposition.</param>
/// <param name="Excess">How far its residual's norm may lie above the smallest possible; null when nothing bounds it.</param>
/// <param name="Losses">The loss after the first rounding, and after every round.</param>
/// <param name="Kept">Which of them the result has.</param>
internal sealed record RefitOutcome(float? Ratio, int? ExponentOffset, double? Ridge, ImmutableArray<RidgeChoice.Tried> Tried,
    int Passes, double? Excess, ImmutableArray<double> Losses, int Kept)
{
    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["ratio"] = Ratio,
        ["exponentOffset"] = ExponentOffset,
        ["ridge"] = Ridge,
        ["tried"] = new JsonArray([.. Tried.Select(one => (JsonNode)new JsonObject { ["ridge"] = one.Ridge, ["error"] = one.Error })]),
        ["passes"] = Passes,
        ["excess"] = Excess,
        ["losses"] = new JsonArray([.. Losses.Select(loss => (JsonNode)loss)]),
        ["kept"] = Kept,
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RefitOutcome FromJson(JsonObject json) =>
        new((float?)json.Find("ratio")?.Number(), json.Find("exponentOffset")?.Integer(),
        json.Find("ridge")?.Number(),
        [.. json.Member("tried").Items().Select(one =>
            new RidgeChoice.Tried(one.Member("ridge").Number(), one.Member("error").Number()))],
        json.Member("passes").Integer(), json.Find("excess")?.Number(),
        [.. json.Member("losses").Items().Select(loss => loss.Number())], json.Member("kept").Integer());
}
