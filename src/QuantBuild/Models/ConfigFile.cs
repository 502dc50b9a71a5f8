using System.Text.Json;
using QuantBuild.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models;

/// <summary>The fields of a model's <c>config.json</c>, each checked when it is read; a field may go by several names.</summary>
internal sealed class ConfigFile : IDisposable
{
    // Beyond any model; keeps the sizes computed from a configuration within their types.
    private const int LargestSize = 1 << 20;

    private readonly string _path;
    private readonly JsonDocument _json;

    /// <summary>Takes a file's content.</summary>
    /// <param name="json">The content.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    public ConfigFile(ReadOnlyMemory<byte> json, string path)
    {
        _path = path;
        try
        {
            _json = CheckedJson.Parse(json);
        }
        catch (MalformedJsonException e)
        {
            throw new InvalidDataException($"{path}: {ForeignFile.NotJson(json.Span) ?? $"not valid JSON: {e.Message}"}", e);
        }
        if (_json.RootElement.ValueKind != JsonValueKind.Object)
        {
            _json.Dispose();
            throw new InvalidDataException($"{path}: the configuration is not a JSON object");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    /// <summary>Whether any of the names is there, with a value.</summary>
    public bool Has(params ReadOnlySpan<string> names) => Find(names, out _) is not null;

    /// <summary>A positive whole number.</summary>
    public int Size(params ReadOnlySpan<string> names) =>
        Require(names, out string name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int size)
        && size is > 0 and <= LargestSize
            ? size
            : throw Wrong(name, $"a whole number from 1 to {LargestSize}");

    /// <summary>A positive whole number, times one that is known.</summary>
    public int Product(int factor, string name) => (long)factor * Size(name) is var product and <= LargestSize
        ? (int)product
        : throw Wrong(name, $"at most {LargestSize} when multiplied by {factor}");

    /// <summary>A number between 0 and 1.</summary>
    public float Fraction(params ReadOnlySpan<string> names) =>
        Require(names, out string name) is { ValueKind: JsonValueKind.Number } value && value.TryGetSingle(out float number)
        && number is > 0 and < 1
            ? number
            : throw Wrong(name, "a number between 0 and 1");

    /// <summary>A list of numbers.</summary>
    public float[] Numbers(params ReadOnlySpan<string> names)
    {
        JsonElement value = Require(names, out string name);
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(number => number.ValueKind != JsonValueKind.Number))
            throw Wrong(name, "a list of numbers");
        return [.. value.EnumerateArray().Select(number => number.GetSingle())];
    }

    /// <summary>A list of switches.</summary>
    public bool[] Switches(params ReadOnlySpan<string> names)
    {
        JsonElement value = Require(names, out string name);
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray()
            .Any(item => item.ValueKind is not (JsonValueKind.True or JsonValueKind.False)))
            throw Wrong(name, "a list of true and false");
        return [.. value.EnumerateArray().Select(item => item.GetBoolean())];
    }

    /// <summary>Refuses a field that is there and says something else.</summary>
    /// <param name="name">The field.</param>
    /// <param name="expected">Its value as JSON without white space.</param>
    public void RequireIfThere(string name, string expected)
    {
        if (Find([name], out _) is { } value && string.Concat(value.GetRawText().Where(c => !char.IsWhiteSpace(c))) != expected)
            throw Wrong(name, expected);
    }

    /// <summary>An error about a field.</summary>
    public InvalidDataException Wrong(string name, string expected) => new($"{_path}: '{name}' is not {expected}");

    private JsonElement Require(ReadOnlySpan<string> names, out string name) =>
        Find(names, out name) ?? throw new InvalidDataException($"{_path}: '{names[0]}' is missing");

    private JsonElement? Find(ReadOnlySpan<string> names, out string found)
    {
        foreach (string name in names)
        {
            found = name;
            if (_json.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
                return value;
        }
        found = names[0];
        return null;
    }
}
