using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using QuantBuild.Files;

namespace QuantBuild.SafeTensors;

/// <summary>Writes safetensors files canonically: the same tensors and metadata always give the same bytes.</summary>
/// <remarks>
/// Tensors lie in the order of <see cref="DType"/> (widest first), then of their names; metadata keys are ordered too; all ordinal. The
/// header is padded with the fewest spaces that make its length a multiple of 8. <c>"format": "pt"</c> is always there, because common
/// loaders ask for it; nothing depends on time or place.
/// </remarks>
public static class SafeTensorsWriter
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Length of the file that <see cref="Write(Stream, IReadOnlyList{TensorData}, IReadOnlyDictionary{string, string}?)"/> would write.
    /// </summary>
    /// <exception cref="SafeTensorsException">The tensors cannot be written; see there.</exception>
    public static long FileLength(IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        checked(Header(Ordered(tensors), metadata).Length + tensors.Sum(tensor => tensor.ByteLength));

    /// <summary>Writes a file to a stream; each tensor's data is asked for once, in file order.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="tensors">In any order.</param>
    /// <param name="metadata">Entries for <c>__metadata__</c>.</param>
    /// <exception cref="SafeTensorsException">
    /// A name is taken twice, reserved or not Unicode, a shape cannot be stored, the header would be too large, or a tensor wrote another
    /// number of bytes than its shape says.
    /// </exception>
    public static void Write(Stream stream, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        TensorData[] ordered = Ordered(tensors);
        stream.Write(Header(ordered, metadata));
        foreach (TensorData tensor in ordered)
        {
            using var counted = new CountedStream(stream, tensor);
            tensor.Write(counted);
            counted.ThrowIfIncomplete();
        }
    }

    /// <summary>Writes a file to disk; it appears whole or not at all.</summary>
    /// <param name="path">An existing file is replaced.</param>
    /// <param name="tensors">In any order.</param>
    /// <param name="metadata">Entries for <c>__metadata__</c>.</param>
    /// <exception cref="SafeTensorsException">
    /// As <see cref="Write(Stream, IReadOnlyList{TensorData}, IReadOnlyDictionary{string, string}?)"/>.
    /// </exception>
    /// <exception cref="IOException">The disk is full or the folder cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        WholeFile.Write(path, FileLength(tensors, metadata), stream => Write(stream, tensors, metadata));

    private static TensorData[] Ordered(IReadOnlyList<TensorData> tensors)
    {
        TensorData[] ordered = [.. tensors];
        Array.Sort(ordered, (a, b) => a.DType != b.DType ? a.DType.CompareTo(b.DType) : string.CompareOrdinal(a.Name, b.Name));
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorData tensor in ordered)
        {
            if (tensor.Name == SafeTensorsHeader.MetadataKey)
                throw new SafeTensorsException("ReservedName", $"'{SafeTensorsHeader.MetadataKey}' cannot name a tensor");
            if (!names.Add(tensor.Name))
                throw new SafeTensorsException("DuplicateKey", $"two tensors are called '{tensor.Name}'");
            ThrowIfNotUnicode(tensor.Name);
        }
        return ordered;
    }

    /// <summary>The length field and the padded header.</summary>
    private static byte[] Header(TensorData[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(stackalloc byte[SafeTensorsHeader.PrefixLength]);
        using (var json = new Utf8JsonWriter(bytes, JsonOptions))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            WriteEntries(json, ordered);
            json.WriteEndObject();
        }
        int padding = -bytes.WrittenCount & 7;
        bytes.GetSpan(padding)[..padding].Fill((byte)' ');
        bytes.Advance(padding);

        int length = bytes.WrittenCount - SafeTensorsHeader.PrefixLength;
        if (length > SafeTensorsHeader.MaxLength)
            throw new SafeTensorsException("HeaderTooLarge",
                $"the header would take {length} bytes; {SafeTensorsHeader.MaxLength} are allowed");
        byte[] header = bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, length);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>())
            entries[key] = value;
        json.WriteStartObject(SafeTensorsHeader.MetadataKey);
        foreach ((string key, string value) in entries)
        {
            ThrowIfNotUnicode(key);
            ThrowIfNotUnicode(value);
            json.WriteString(key, value);
        }
        json.WriteEndObject();
    }

    private static void WriteEntries(Utf8JsonWriter json, TensorData[] ordered)
    {
        long offset = 0;
        foreach (TensorData tensor in ordered)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.DType.ToString());
            json.WriteStartArray("shape");
            foreach (long dimension in tensor.Shape)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            offset = checked(offset + tensor.ByteLength);
            json.WriteNumberValue(offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    /// <summary>Refuses halves of surrogate pairs, which the JSON writer would silently replace.</summary>
    private static void ThrowIfNotUnicode(string text)
    {
        try
        {
            StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new SafeTensorsException("InvalidName", $"'{text}' is not valid Unicode", cause: e);
        }
    }
}
