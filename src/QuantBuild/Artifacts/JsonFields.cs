using System.Collections.Immutable;
using System.Text.Json;

namespace QuantBuild.Artifacts;

/// <summary>An object of the descriptor whose properties are asked for one by one; what nobody asked for is an error.</summary>
internal sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _left;

    /// <param name="element">The object.</param>
    /// <param name="place">Where it stands, such as <c>experts.low_noise</c>; empty for the root.</param>
    public JsonFields(JsonElement element, string place)
    {
        Place = place;
        if (element.ValueKind != JsonValueKind.Object)
            throw new ArtifactException($"{(place.Length == 0 ? "the descriptor" : place)} is not an object");
        _left = element.EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal);
    }

    /// <summary>Where the object stands.</summary>
    public string Place { get; }

    /// <summary>Whether a property is there that need not be.</summary>
    public bool Has(string name) => _left.ContainsKey(name);

    public string Text(string name) => Take(name, JsonValueKind.String, "a string").GetString()!;

    public string Choice(string name, params ReadOnlySpan<string> allowed)
    {
        string text = Text(name);
        return allowed.Contains(text) ? text : throw Wrong(name, $"one of {string.Join(", ", allowed)}, but '{text}'");
    }

    public bool Flag(string name)
    {
        JsonElement value = Take(name);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false");
    }

    public int Integer(string name) => Integer(Take(name), name);

    public long LongInteger(string name) =>
        Take(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number)
        ? number
        : throw Wrong(name, "a whole number");

    public double Number(string name) =>
        Take(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number : throw Wrong(name, "a number");

    public ImmutableArray<int> Integers(string name) => [.. Array(name).Select(item => Integer(item, name))];

    /// <summary>Whole numbers; none where there is no such field.</summary>
    public ImmutableArray<int> IntegersOrNone(string name) => _left.ContainsKey(name) ? Integers(name) : [];

    public ImmutableArray<float> Floats(string name) => [.. Array(name).Select(item => Float(item, name))];

    public JsonFields Object(string name) => new(Take(name), At(name));

    public IEnumerable<JsonFields> Objects(string name) => Array(name).Select((item, i) => new JsonFields(item, $"{At(name)}[{i}]"));

    /// <summary>A map of texts; an empty one where there is none.</summary>
    public ImmutableSortedDictionary<string, string> Texts(string name)
    {
        if (!_left.ContainsKey(name))
            return ImmutableSortedDictionary<string, string>.Empty;
        JsonFields map = Object(name);
        return map._left.Keys.ToArray().ToImmutableSortedDictionary(key => key, map.Text, StringComparer.Ordinal);
    }

    /// <summary>All properties, as the entries of a map.</summary>
    public IEnumerable<(string Key, JsonFields Value)> Entries()
    {
        KeyValuePair<string, JsonElement>[] entries = [.. _left];
        _left.Clear();
        return entries.Select(entry => (entry.Key, new JsonFields(entry.Value, At(entry.Key))));
    }

    /// <summary>Refuses properties that nobody asked for.</summary>
    public void End()
    {
        if (_left.Keys.Order(StringComparer.Ordinal).FirstOrDefault() is { } name)
            throw new ArtifactException($"{At(name)} is unknown here");
    }

    private JsonElement.ArrayEnumerator Array(string name) => Take(name, JsonValueKind.Array, "an array").EnumerateArray();

    private int Integer(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Wrong(name, "whole numbers");

    private float Float(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number)
        ? number
        : throw Wrong(name, "numbers");

    private JsonElement Take(string name, JsonValueKind kind, string expected)
    {
        JsonElement value = Take(name);
        return value.ValueKind == kind ? value : throw Wrong(name, expected);
    }

    private JsonElement Take(string name) =>
        _left.Remove(name, out JsonElement value) ? value : throw new ArtifactException($"{At(name)} is missing");

    private ArtifactException Wrong(string name, string expected) => new($"{At(name)} is not {expected}");

    private string At(string name) => Place.Length == 0 ? name : $"{Place}.{name}";
}
