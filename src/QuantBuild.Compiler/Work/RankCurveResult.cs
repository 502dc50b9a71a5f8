using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Work;

/// <summary>A layer's errors by rank, as the Curve stage stores them.</summary>
/// <param name="Points">Ascending ranks; empty where no Hessian could be factored.</param>
internal sealed record RankCurveResult(ImmutableArray<RankCurve.Point> Points)
{
    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["points"] = new JsonArray([.. Points.Select(point => (JsonNode)new JsonObject { ["rank"] = point.Rank, ["loss"] = point.Loss })]),
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RankCurveResult FromJson(JsonObject json) => new([.. json.Member("points").Items().Select(point =>
        new RankCurve.Point(point.Member("rank").Integer(), point.Member("loss").Number()))]);
}
