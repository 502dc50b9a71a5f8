using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QuantBuild.Tests.Manifests;

/// <summary>JSON as the published schema has it: what fits into a line stands in one.</summary>
internal static class SchemaText
{
    private const int Columns = 140;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a value.</summary>
    /// <param name="node">The value.</param>
    /// <param name="before">What its first line begins with.</param>
    public static string Of(JsonNode? node, string before = "")
    {
        string line = Line(node);
        int indent = before.Length - before.TrimStart().Length;
        if (node is JsonValue or null || (indent > 0 && before.Length + line.Length + 1 <= Columns))
            return before + line;
        string inner = new(' ', indent + 2), outer = new(' ', indent);
        return node is JsonObject map
            ? $"{before}{{\n{string.Join(",\n", map.Select(pair => Of(pair.Value, $"{inner}{Name(pair.Key)}: ")))}\n{outer}}}"
            : $"{before}[\n{string.Join(",\n", ((JsonArray)node).Select(item => Of(item, inner)))}\n{outer}]";
    }

    private static string Line(JsonNode? node) => node switch
    {
        JsonObject { Count: 0 } => "{}",
        JsonObject map => $"{{ {string.Join(", ", map.Select(pair => $"{Name(pair.Key)}: {Line(pair.Value)}"))} }}",
        JsonArray list => $"[{string.Join(", ", list.Select(Line))}]",
        null => "null",
        _ => node.ToJsonString(Plain),
    };

    private static string Name(string name) => JsonSerializer.Serialize(name, Plain);
}
