using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Differences;

/// <summary>A comparison as JSON: the answer of <c>quantbuild diff --json</c>, and what a report page embeds.</summary>
internal static class DifferenceDocument
{
    /// <summary>The document. What is not known is null.</summary>
    public static JsonObject Of(BuildDifference difference) => new()
    {
        ["before"] = difference.Before.Name,
        ["after"] = difference.After.Name,
        ["compared"] = difference.LayerCount,
        ["meanError"] = new JsonArray(difference.MeanErrorBefore, difference.MeanErrorAfter),
        ["bytes"] = difference.BytesBefore is { } before && difference.BytesAfter is { } after ? new JsonArray(before, after) : null,
        ["layers"] = new JsonArray([.. difference.Layers.Select(layer => (JsonNode)new JsonObject
        {
            ["expert"] = layer.Expert,
            ["name"] = layer.Layer,
            ["why"] = layer.Why,
            ["changes"] = new JsonArray([.. layer.Changes.Select(change => (JsonNode)new JsonObject
            {
                ["part"] = change.Part,
                ["before"] = change.Before,
                ["after"] = change.After,
            })]),
            ["before"] = layer.ErrorBefore,
            ["after"] = layer.ErrorAfter,
            ["bytes"] = layer is { BytesBefore: { } small, BytesAfter: { } large } ? new JsonArray(small, large) : null,
        })]),
    };
}
