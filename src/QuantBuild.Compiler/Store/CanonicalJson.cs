using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Store;

/// <summary>JSON with exactly one spelling per value, so that equal values have equal bytes and digests.</summary>
/// <remarks>
/// Members are sorted by UTF-16 code units, text is UTF-8 with only the escapes JSON requires, integers keep all their
/// digits, and other numbers are the shortest text that reads back as the same double. A double with an integral value
/// below 2^53 is spelled as an integer, so 1 and 1.0 are the same value; so are 0 and -0.
/// </remarks>
internal static class CanonicalJson
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The value without any white space.</summary>
    /// <exception cref="ArgumentException">A number is not finite, or a string is not valid UTF-16.</exception>
    public static byte[] Serialize(JsonNode? node) => Serialize(node, indented: false);

    /// <summary>The value with two spaces per level and LF line ends, closed by one: for files that people compare.</summary>
    /// <exception cref="ArgumentException">A number is not finite, or a string is not valid UTF-16.</exception>
    public static byte[] SerializeIndented(JsonNode? node) => Serialize(node, indented: true);

    /// <summary>Digest of <see cref="Serialize(JsonNode?)"/>.</summary>
    /// <exception cref="ArgumentException">A number is not finite, or a string is not valid UTF-16.</exception>
    public static Digest DigestOf(JsonNode? node) => Digest.Of(Serialize(node));

    private static byte[] Serialize(JsonNode? node, bool indented)
    {
        var text = new StringBuilder();
        Write(text, node, indented ? 0 : -1);
        if (indented)
            text.Append('\n');
        return Utf8.GetBytes(text.ToString());
    }

    /// <param name="text">Receives the value.</param>
    /// <param name="node">The value.</param>
    /// <param name="level">Depth of indentation; negative for none.</param>
    private static void Write(StringBuilder text, JsonNode? node, int level)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject members:
                WriteObject(text, members, level);
                break;
            case JsonArray elements:
                WriteArray(text, elements, level);
                break;
            default:
                WriteValue(text, node);
                break;
        }
    }

    private static void WriteObject(StringBuilder text, JsonObject members, int level)
    {
        text.Append('{');
        bool first = true;
        foreach ((string name, JsonNode? value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            Separate(text, ref first, level);
            WriteString(text, name);
            text.Append(level < 0 ? ":" : ": ");
            Write(text, value, level < 0 ? level : level + 1);
        }
        Close(text, first, level, '}');
    }

    private static void WriteArray(StringBuilder text, JsonArray elements, int level)
    {
        text.Append('[');
        bool first = true;
        foreach (JsonNode? element in elements)
        {
            Separate(text, ref first, level);
            Write(text, element, level < 0 ? level : level + 1);
        }
        Close(text, first, level, ']');
    }

    private static void Separate(StringBuilder text, ref bool first, int level)
    {
        if (!first)
            text.Append(',');
        first = false;
        if (level >= 0)
            text.Append('\n').Append(' ', 2 * (level + 1));
    }

    private static void Close(StringBuilder text, bool empty, int level, char bracket)
    {
        if (!empty && level >= 0)
            text.Append('\n').Append(' ', 2 * level);
        text.Append(bracket);
    }

    private static void WriteValue(StringBuilder text, JsonNode value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                WriteString(text, value.Text());
                break;
            case JsonValueKind.Number:
                text.Append(Number(value.ToJsonString()));
                break;
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            default:
                text.Append("null");
                break;
        }
    }

    /// <summary>The one spelling of a number, from any spelling that JSON allows.</summary>
    internal static string Number(string text)
    {
        // Integers of any length keep their digits: a 64-bit seed does not fit a double.
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') < 0)
            return BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
                .ToString(CultureInfo.InvariantCulture);
        double number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(number))
            throw new ArgumentException($"the number {text} does not fit a double");
        const double ExactIntegers = 9007199254740992;
        return number == Math.Floor(number) && Math.Abs(number) < ExactIntegers
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
