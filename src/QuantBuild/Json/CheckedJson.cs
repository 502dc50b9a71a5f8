using System.Text.Json;
using System.Text.Unicode;

namespace QuantBuild.Json;

/// <summary>Parses JSON of others. What it lets through can be read without surprises.</summary>
/// <remarks>
/// The base library looks at strings, at names that occur twice and at the size of numbers only when they are asked for, each with another
/// exception. Here all of it is looked at once, at the start, in one pass over the bytes.
/// </remarks>
internal static class CheckedJson
{
    /// <summary>Levels of objects and lists that may be nested.</summary>
    public const int Depth = 64;

    // The largest double has 309 digits before the point, the smallest one's exact value 1074 behind it. Longer ones cost quadratic time to
    // read.
    private const int LongestNumber = 1100;

    /// <summary>How documents are parsed once they are checked.</summary>
    public static JsonDocumentOptions Options { get; } = new() { AllowDuplicateProperties = false, MaxDepth = Depth };

    /// <summary>Checks and parses a text.</summary>
    /// <exception cref="MalformedJsonException">
    /// It is not UTF-8 or not JSON, is nested too deeply, names a property twice, or has half of a surrogate pair. Of numbers only the
    /// length is checked: who asks for one says in which range, and names it.
    /// </exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        Check(utf8.Span, finite: false);
        try
        {
            return JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException failure)
        {
            throw Malformed(failure);
        }
    }

    /// <summary>Checks a text, except for properties that occur twice.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="finite">Whether numbers must fit a double.</param>
    /// <exception cref="MalformedJsonException">As for <see cref="Parse"/>.</exception>
    public static void Check(ReadOnlySpan<byte> utf8, bool finite)
    {
        if (!Utf8.IsValid(utf8))
            throw new MalformedJsonException("it is not UTF-8");
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Depth });
        try
        {
            while (reader.Read())
                Check(ref reader, utf8, finite);
        }
        catch (JsonException failure)
        {
            throw Malformed(failure);
        }
    }

    /// <summary>What the base library says about a text, with the place once.</summary>
    public static MalformedJsonException Malformed(JsonException failure)
    {
        int position = failure.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string why = position < 0 ? failure.Message : failure.Message[..position];
        return failure is { LineNumber: { } line, BytePositionInLine: { } column }
            ? new MalformedJsonException(why, (int)Math.Min(line, int.MaxValue - 1) + 1, (int)Math.Min(column, int.MaxValue - 1) + 1,
                failure)
            : new MalformedJsonException(why, failure);
    }

    private static void Check(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, bool finite)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName or JsonTokenType.String when reader.ValueIsEscaped && HasHalfSurrogate(reader.ValueSpan):
                throw At(utf8, reader.TokenStartIndex, "the text contains half of a surrogate pair");
            case JsonTokenType.Number when reader.ValueSpan.Length > LongestNumber
            || (finite && !(reader.TryGetDouble(out double value) && double.IsFinite(value))):
                throw At(utf8, reader.TokenStartIndex, "the number is larger than any that can be computed with");
        }
    }

    /// <summary>
    /// Whether escapes name a half of a surrogate pair without its other half; the escapes themselves are known to be well-formed.
    /// </summary>
    private static bool HasHalfSurrogate(ReadOnlySpan<byte> escaped)
    {
        bool open = false;
        for (int i = 0; i < escaped.Length; i++)
        {
            bool unit = escaped[i] == (byte)'\\' && escaped[i + 1] == (byte)'u';
            int code = unit ? Convert.ToInt32(System.Text.Encoding.ASCII.GetString(escaped.Slice(i + 2, 4)), 16) : 0;
            bool low = code is >= 0xDC00 and <= 0xDFFF;
            if (low != open)
                return true;
            open = code is >= 0xD800 and <= 0xDBFF;
            if (escaped[i] == (byte)'\\')
                i += unit ? 5 : 1;
        }
        return open;
    }

    private static MalformedJsonException At(ReadOnlySpan<byte> utf8, long offset, string why)
    {
        ReadOnlySpan<byte> before = utf8[..(int)offset];
        return new MalformedJsonException(why, before.Count((byte)'\n') + 1, before.Length - (before.LastIndexOf((byte)'\n') + 1) + 1);
    }
}
