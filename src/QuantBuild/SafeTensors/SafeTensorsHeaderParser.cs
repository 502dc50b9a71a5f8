using System.Text.Json;

namespace QuantBuild.SafeTensors;

/// <summary>Reads the JSON of a header into entries; says nothing yet about whether their offsets make sense.</summary>
internal sealed class SafeTensorsHeaderParser(string? path)
{
    /// <summary>Root object, entry, array of numbers.</summary>
    private const int Depth = 3;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>The entries, in the order of the JSON.</summary>
    public List<TensorInfo> Tensors { get; } = [];

    /// <summary>The metadata.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a header of valid UTF-8 that begins with '{'.</summary>
    /// <exception cref="JsonException">It is not JSON, or too deep.</exception>
    /// <exception cref="InvalidOperationException">A string is not valid Unicode.</exception>
    /// <exception cref="SafeTensorsException">It is JSON of another form than the format's.</exception>
    public void Parse(ReadOnlySpan<byte> json)
    {
        // Writers pad with spaces; any other byte behind the object is not theirs.
        int length = json.TrimEnd((byte)' ').Length;
        if (json[length - 1] != (byte)'}')
            throw Invalid("the header does not end with '}' and spaces");
        var reader = new Utf8JsonReader(json[..length], new JsonReaderOptions { MaxDepth = Depth });
        reader.Read();
        while (NextProperty(ref reader, out string name))
        {
            if (!_names.Add(name))
                throw Duplicate(name);
            reader.Read();
            // The reference implementation takes null for no metadata.
            if (name == SafeTensorsHeader.MetadataKey && reader.TokenType == JsonTokenType.Null)
                continue;
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Invalid($"entry '{name}' is not an object");
            if (name == SafeTensorsHeader.MetadataKey)
                ParseMetadata(ref reader);
            else
                Tensors.Add(ParseTensor(ref reader, name));
        }
        reader.Read();
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        while (NextProperty(ref reader, out string key))
        {
            Expect(ref reader, JsonTokenType.String, $"metadata '{key}' is not a string");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw Duplicate($"{SafeTensorsHeader.MetadataKey}.{key}");
        }
    }

    private TensorInfo ParseTensor(ref Utf8JsonReader reader, string name)
    {
        DType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (NextProperty(ref reader, out string key))
        {
            switch (key)
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String, $"the dtype of '{name}' is not a string");
                    string text = reader.GetString()!;
                    type = DTypeExtensions.TryParse(text, out DType parsed) ? parsed : throw Invalid($"tensor '{name}' has the unknown dtype '{text}'");
                    break;
                case "shape" when shape is null:
                    shape = ParseNumbers(ref reader, $"the shape of '{name}'");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ParseNumbers(ref reader, $"data_offsets of '{name}'");
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Duplicate($"{name}.{key}");
                default:
                    throw Invalid($"tensor '{name}' has the unknown property '{key}'");
            }
        }
        if (type is null || shape is null || offsets is not [long begin, long end])
            throw Invalid($"tensor '{name}' needs a dtype, a shape and two data_offsets");
        return new TensorInfo(name, type.Value, shape, begin, end);
    }

    private long[] ParseNumbers(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"{what} is not an array");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Invalid($"{what} is not made of unsigned integers below 2^63");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    /// <summary>Moves to the next property of the current object; false at its end.</summary>
    private static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        reader.Read();
        bool found = reader.TokenType == JsonTokenType.PropertyName;
        name = found ? reader.GetString()! : "";
        return found;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string otherwise)
    {
        reader.Read();
        if (reader.TokenType != type)
            throw Invalid(otherwise);
    }

    private SafeTensorsException Duplicate(string name) => new("DuplicateKey", $"the header names '{name}' twice", path);

    private SafeTensorsException Invalid(string message) => new("InvalidHeaderDeserialization", message, path);
}
