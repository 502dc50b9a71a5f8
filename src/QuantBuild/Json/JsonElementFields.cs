using System.Text.Json;

namespace QuantBuild.Json;

/// <summary>Values of a checked document, each asked for as what it must be.</summary>
internal static class JsonElementFields
{
    /// <summary>A member that must be there.</summary>
    /// <exception cref="MalformedJsonException">The value is no object, or has no such member.</exception>
    public static JsonElement Member(this JsonElement value, string name) =>
        value.Find(name) ?? throw new MalformedJsonException($"'{name}' is missing");

    /// <summary>A member; null when it is not there.</summary>
    /// <exception cref="MalformedJsonException">The value is no object.</exception>
    public static JsonElement? Find(this JsonElement value, string name) =>
        value.ValueKind != JsonValueKind.Object ? throw new MalformedJsonException($"what should have '{name}' is not an object")
        : value.TryGetProperty(name, out JsonElement found) ? found : null;

    /// <summary>The items of a list.</summary>
    /// <exception cref="MalformedJsonException">The value is no list.</exception>
    public static JsonElement.ArrayEnumerator Items(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new MalformedJsonException($"'{name}' is not a list");

    /// <summary>A text.</summary>
    /// <exception cref="MalformedJsonException">The value is no text.</exception>
    public static string Text(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new MalformedJsonException($"'{name}' is not a text");

    /// <summary>True or false.</summary>
    /// <exception cref="MalformedJsonException">The value is neither.</exception>
    public static bool Flag(this JsonElement value, string name) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : throw new MalformedJsonException($"'{name}' is not true or false");

    /// <summary>A whole number of 32 bits.</summary>
    /// <exception cref="MalformedJsonException">The value is none.</exception>
    public static int Integer(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
        ? number
        : throw new MalformedJsonException($"'{name}' is not a whole number");

    /// <summary>A number that float32 holds.</summary>
    /// <exception cref="MalformedJsonException">The value is none.</exception>
    public static float Single(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number)
            ? number : throw new MalformedJsonException($"'{name}' is not a number");

    /// <summary>The value as it is spelled, for messages: not endless.</summary>
    public static string Shown(this JsonElement value)
    {
        const int Longest = 60;
        string text = value.GetRawText();
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }
}
