using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Differences;

/// <summary>Values of plans and keys as people read them.</summary>
internal static class SnapshotText
{
    /// <summary>A setting: digests short, nothing and no as "off".</summary>
    public static string Of(JsonNode? value) => value switch
    {
        null => "off",
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Digest.TryParse(text.Text(), out Digest digest)
            ? digest.Short
            : text.Text(),
        JsonValue flag when flag.GetValueKind() is JsonValueKind.True => "on",
        JsonValue flag when flag.GetValueKind() is JsonValueKind.False => "off",
        _ => value.ToJsonString(),
    };
}
