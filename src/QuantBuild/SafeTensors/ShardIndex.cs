using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace QuantBuild.SafeTensors;

/// <summary>The index of a sharded checkpoint: which file has which tensor.</summary>
/// <param name="Files">File name by tensor name.</param>
internal sealed record ShardIndex(IReadOnlyDictionary<string, string> Files)
{
    private const int MaxLength = SafeTensorsHeader.MaxLength;
    private const int MaxShards = 10_000;

    /// <summary>Reads an index; what stands beside <c>weight_map</c> is ignored.</summary>
    /// <exception cref="SafeTensorsException">
    /// It is too large, no JSON, has a name twice, or a file name that is more than a file name.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ShardIndex Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxLength)
            throw new SafeTensorsException("IndexTooLarge", $"the index has {length} bytes; {MaxLength} are allowed", path);
        return Read(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads an index that is in memory.</summary>
    /// <param name="json">Its bytes.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="SafeTensorsException">As for a file.</exception>
    public static ShardIndex Read(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            return Parse(json, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SafeTensorsException("InvalidIndex", ForeignFile.NotJson(json) ?? $"the index is not valid JSON: {e.Message}", path,
                e);
        }
    }

    /// <summary>The bytes of an index: two-space indent, ordinal order, a line feed at the end.</summary>
    public static byte[] Write(IReadOnlyDictionary<string, string> files, long totalSize)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(bytes, options))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", totalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string tensor, string file) in files.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                json.WriteString(tensor, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return [.. bytes.WrittenSpan, (byte)'\n'];
    }

    private static ShardIndex Parse(ReadOnlySpan<byte> json, string path)
    {
        if (!Utf8.IsValid(json))
            throw new SafeTensorsException("InvalidIndex", "the index is not UTF-8", path);
        var reader = new Utf8JsonReader(json);
        Dictionary<string, string>? files = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new SafeTensorsException("InvalidIndex", "the index is not an object", path);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (!keys.Add(key))
                throw new SafeTensorsException("DuplicateKey", $"the index names '{key}' twice", path);
            reader.Read();
            if (key == "weight_map")
                files = ParseMap(ref reader, path);
            else
                reader.Skip();
        }
        reader.Read();
        if (files is null)
            throw new SafeTensorsException("InvalidIndex", "the index has no weight_map", path);
        int shards = files.Values.Distinct(StringComparer.Ordinal).Count();
        return shards <= MaxShards
            ? new ShardIndex(files)
            : throw new SafeTensorsException("TooManyShards", $"the index names {shards} files; {MaxShards} are allowed", path);
    }

    private static Dictionary<string, string> ParseMap(ref Utf8JsonReader reader, string path)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new SafeTensorsException("InvalidIndex", "weight_map is not an object", path);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string tensor = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw new SafeTensorsException("InvalidIndex", $"weight_map has no file name for '{tensor}'", path);
            string file = reader.GetString()!;
            if (!PlainName.Is(file) || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                throw new SafeTensorsException("UnsafeShardName", $"weight_map names '{file}', which is not a plain safetensors file name",
                    path);
            if (!files.TryAdd(tensor, file))
                throw new SafeTensorsException("DuplicateKey", $"weight_map names '{tensor}' twice", path);
        }
        return files;
    }
}
