using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Differences;

/// <summary>Values of plans and keys as people read them.</summary>
internal static class SnapshotText
{
    /// <summary>A setting: digests short, nothing and no as "off".</summary>
    public static string Of(JsonNode? value) => value switch
    {
        null => "off",
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Digest.TryParse(text.GetValue<string>(), out Digest digest)
            ? digest.Short
            : text.GetValue<string>(),
        JsonValue flag when flag.GetValueKind() is JsonValueKind.True => "on",
        JsonValue flag when flag.GetValueKind() is JsonValueKind.False => "off",
        _ => value.ToJsonString(),
    };
}
