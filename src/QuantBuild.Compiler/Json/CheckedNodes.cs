using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Json;

/// <summary>Parses JSON of others into nodes that can be read, changed and written without surprises.</summary>
internal static class CheckedNodes
{
    /// <summary>Checks and parses a text.</summary>
    /// <exception cref="MalformedJsonException">
    /// As for <see cref="CheckedJson.Parse"/>, or a number fits no double, or it is <c>null</c>.
    /// </exception>
    public static JsonNode Parse(ReadOnlySpan<byte> utf8)
    {
        CheckedJson.Check(utf8, finite: true);
        try
        {
            return JsonNode.Parse(utf8, documentOptions: CheckedJson.Options) ?? throw new MalformedJsonException("it is null");
        }
        catch (JsonException failure)
        {
            throw CheckedJson.Malformed(failure);
        }
    }
}
