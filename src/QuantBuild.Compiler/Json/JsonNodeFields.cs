using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Json;

/// <summary>
/// Values of checked nodes, each asked for as what it must be; whatever else is there is one kind of exception, which names the place.
/// </summary>
internal static class JsonNodeFields
{
    /// <summary>A member that must be there and not be <c>null</c>.</summary>
    /// <exception cref="MalformedJsonException">The node is no object, or has no such member.</exception>
    public static JsonNode Member(this JsonNode? node, string name) =>
        node.Find(name) ?? throw new MalformedJsonException($"{Below(node!, name)} is missing");

    /// <summary>A member; null when it is not there or <c>null</c>.</summary>
    /// <exception cref="MalformedJsonException">The node is no object.</exception>
    public static JsonNode? Find(this JsonNode? node, string name) => node.Members()[name];

    /// <summary>The node as an object.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static JsonObject Members(this JsonNode? node) => node as JsonObject ?? throw Wrong(node, "an object");

    /// <summary>The node as a list.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static JsonArray Items(this JsonNode? node) => node as JsonArray ?? throw Wrong(node, "a list");

    /// <summary>The only item of a list.</summary>
    /// <exception cref="MalformedJsonException">The node is no list, or has no item or several.</exception>
    public static JsonNode? Only(this JsonNode? node) => node.Items() is [var item] ? item : throw Wrong(node, "a list of one item");

    /// <summary>The node as a text.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static string Text(this JsonNode? node) => Value(node, JsonValueKind.String, "a text").GetValue<string>();

    /// <summary>The node as true or false.</summary>
    /// <exception cref="MalformedJsonException">It is neither.</exception>
    public static bool Flag(this JsonNode? node) => (node as JsonValue)?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(node, "true or false"),
    };

    /// <summary>The node as a finite number.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static double Number(this JsonNode? node) =>
        Value(node, JsonValueKind.Number, "a number") is var value && TryDouble(value, out double number) && double.IsFinite(number)
        ? number
        : throw Wrong(node, "a number");

    /// <summary>The node as a whole number within a range.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static long Whole(this JsonNode? node, long least = long.MinValue, long most = long.MaxValue)
    {
        JsonValue value = Value(node, JsonValueKind.Number, "a whole number");
        return long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= least && number <= most
            ? number
            : throw Wrong(node, FormattableString.Invariant($"a whole number from {least} to {most}"));
    }

    /// <summary>The node as a whole number of 32 bits within a range.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static int Integer(this JsonNode? node, int least = int.MinValue, int most = int.MaxValue) => (int)node.Whole(least, most);

    /// <summary>The node as a size of a file in bytes.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static long Size(this JsonNode? node) => node.Whole(0, FileSizes.Largest);

    /// <summary>The node as an absolute address. It may be a secret: it is in no message.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static Uri Address(this JsonNode? node) =>
        Uri.TryCreate(node.Text(), UriKind.Absolute, out Uri? address) ? address : throw Wrong(node, "an absolute address");

    /// <summary>The node as bytes in Base64.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static byte[] Base64(this JsonNode? node)
    {
        string text = node.Text();
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes[..length] : throw Wrong(node, "Base64");
    }

    private static bool TryDouble(JsonValue value, out double number) =>
        double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private static JsonValue Value(JsonNode? node, JsonValueKind kind, string expected) =>
        node is JsonValue value && value.GetValueKind() == kind ? value : throw Wrong(node, expected);

    /// <summary>What is thrown for a value that is something else.</summary>
    internal static MalformedJsonException Wrong(JsonNode? node, string expected) =>
        new(node is null ? $"a value that should be {expected} is missing" : $"{Place(node)} is not {expected}");

    private static string Below(JsonNode node, string name) => node.Parent is null ? name : $"{Place(node)}.{name}";

    /// <summary>Where a node stands, such as <c>experts.high_noise</c>: not endless, and without control characters.</summary>
    private static string Place(JsonNode node)
    {
        const int Longest = 120;
        string path = node.GetPath() is "$" ? "it" : node.GetPath()[1..].TrimStart('.');
        string plain = string.Concat(path.Select(c => char.IsControl(c) ? ' ' : c));
        return plain.Length <= Longest ? plain : plain[..Longest] + "…";
    }
}
