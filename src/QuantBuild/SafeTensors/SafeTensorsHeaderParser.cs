using System.Text.Json;

namespace QuantBuild.SafeTensors;

/// <summary>Reads the JSON of a header into entries; says nothing yet about whether their offsets make sense.</summary>
/// <remarks>
/// A header may have a million entries, so nothing is made for one but what stays: its name, its shape when it is a new one, itself.
/// </remarks>
internal sealed class SafeTensorsHeaderParser(string? path)
{
    /// <summary>Root object, entry, array of numbers.</summary>
    private const int Depth = 3;

    // Twice as many as any library that writes the format has.
    private const int MostDimensions = 128;

    // Nobody annotates a file with more; each would take ten times its bytes in memory.
    private const int MostMetadata = 1_000_000;

    private readonly long[] _numbers = new long[MostDimensions];
    private long[] _lastShape = [];
    private (string Name, DType Type) _lastType = ("F32", DType.F32);
    private bool _hasMetadata;

    /// <summary>The entries by name.</summary>
    public Dictionary<string, TensorInfo> Tensors { get; private set; } = [];

    /// <summary>The entries in the order of the JSON.</summary>
    public List<TensorInfo> InOrder { get; private set; } = [];

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
        int expected = json.Count("\"data_offsets\""u8);
        (Tensors, InOrder) = (new Dictionary<string, TensorInfo>(expected, StringComparer.Ordinal), new List<TensorInfo>(expected));
        var reader = new Utf8JsonReader(json[..length], new JsonReaderOptions { MaxDepth = Depth });
        reader.Read();
        while (NextProperty(ref reader, out string name))
        {
            reader.Read();
            // The reference implementation takes null for no metadata.
            if (name == SafeTensorsHeader.MetadataKey && reader.TokenType == JsonTokenType.Null && !_hasMetadata)
            {
                _hasMetadata = true;
                continue;
            }
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Invalid($"entry '{name}' is not an object");
            if (name == SafeTensorsHeader.MetadataKey)
            {
                ParseMetadata(ref reader);
                continue;
            }
            TensorInfo tensor = ParseTensor(ref reader, name);
            if (!Tensors.TryAdd(name, tensor))
                throw Duplicate(name);
            InOrder.Add(tensor);
        }
        reader.Read();
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        if (_hasMetadata)
            throw Duplicate(SafeTensorsHeader.MetadataKey);
        _hasMetadata = true;
        while (NextProperty(ref reader, out string key))
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Invalid($"metadata '{key}' is not a string");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw Duplicate($"{SafeTensorsHeader.MetadataKey}.{key}");
            if (Metadata.Count > MostMetadata)
                throw Invalid($"{SafeTensorsHeader.MetadataKey} has more than {MostMetadata} entries");
        }
    }

    private TensorInfo ParseTensor(ref Utf8JsonReader reader, string name)
    {
        DType? type = null;
        long[]? shape = null;
        (long Begin, long End)? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (type is null && reader.ValueTextEquals("dtype"u8))
                type = ParseType(ref reader, name);
            else if (shape is null && reader.ValueTextEquals("shape"u8))
                shape = Shared(ParseNumbers(ref reader, name, "shape"));
            else if (offsets is null && reader.ValueTextEquals("data_offsets"u8))
                offsets = ParseNumbers(ref reader, name, "data_offsets") is [long begin, long end] ? (begin, end) : throw Incomplete(name);
            else
                throw reader.GetString() is "dtype" or "shape" or "data_offsets"
                    ? Duplicate($"{name}.{reader.GetString()}")
                    : Invalid($"tensor '{name}' has the unknown property '{reader.GetString()}'");
        }
        return type is { } known && shape is not null && offsets is { } range
            ? new TensorInfo(name, known, shape, range.Begin, range.End)
            : throw Incomplete(name);
    }

    private DType ParseType(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            throw Invalid($"the dtype of '{name}' is not a string");
        if (reader.ValueTextEquals(_lastType.Name))
            return _lastType.Type;
        string text = reader.GetString()!;
        _lastType = DTypeExtensions.TryParse(text, out DType known)
            ? (text, known)
            : throw Invalid($"tensor '{name}' has the unknown dtype '{text}'");
        return known;
    }

    private ReadOnlySpan<long> ParseNumbers(ref Utf8JsonReader reader, string name, string property)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Invalid($"{property} of '{name}' is not an array");
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Invalid($"{property} of '{name}' is not made of unsigned integers below 2^63");
            if (count == MostDimensions)
                throw Invalid($"{property} of '{name}' has more than {MostDimensions} numbers");
            _numbers[count++] = number;
        }
        return _numbers.AsSpan(0, count);
    }

    /// <summary>The shape as an array of its own, or that of the entry before: checkpoints have few shapes and many tensors.</summary>
    private long[] Shared(ReadOnlySpan<long> shape) => shape.SequenceEqual(_lastShape) ? _lastShape : _lastShape = shape.ToArray();

    /// <summary>Moves to the next property of the current object; false at its end.</summary>
    private static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        reader.Read();
        bool found = reader.TokenType == JsonTokenType.PropertyName;
        name = found ? reader.GetString()! : "";
        return found;
    }

    private SafeTensorsException Duplicate(string name) => new("DuplicateKey", $"the header names '{name}' twice", path);

    private SafeTensorsException Incomplete(string name) => Invalid($"tensor '{name}' needs a dtype, a shape and two data_offsets");

    private SafeTensorsException Invalid(string message) => new("InvalidHeaderDeserialization", message, path);
}
