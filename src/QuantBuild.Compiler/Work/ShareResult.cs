using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Work;

/// <summary>Whether layers of a site share a smoothing vector, as the Smooth stage stores it.</summary>
/// <param name="Errors">What it was decided by, of every layer in plan order.</param>
internal sealed record ShareResult(ImmutableArray<ShareErrors> Errors)
{
    /// <summary>Whether they share: no layer loses too much.</summary>
    public bool IsShared => Errors.All(error => error.AllowSharing);

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["shared"] = IsShared,
        ["errors"] = new JsonArray([.. Errors.Select(error =>
            (JsonNode)new JsonObject { ["shared"] = error.Shared, ["own"] = error.Own })]),
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ShareResult FromJson(JsonObject json) => new([.. json.Member("errors").Items().Select(error =>
        new ShareErrors(error.Member("shared").Number(), error.Member("own").Number()))]);
}
