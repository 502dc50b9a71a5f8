using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace QuantBuild.Text;

/// <summary>
/// Decodes HTML's character references as Python's <c>html.unescape</c> does, which the official pipeline cleans prompts with.
/// </summary>
/// <remarks>
/// These are the rules of HTML 5 for text: some old names need no semicolon, the longest known beginning of a name counts, and numbers of
/// control characters that pages from Windows have mean that system's characters.
/// </remarks>
internal static class HtmlEntities
{
    private const int LongestName = 32;
    private const int NoCharacter = 0x110000;

    // Ends a name in the pattern of html.unescape.
    private const string Stops = "\t\n\f <&#;";

    // What the code points 0x80 to 0x9F are in Windows-1252; those that it leaves out stay.
    private const string Windows =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    // Names with their semicolon, and old ones also without.
    private static readonly Lazy<FrozenDictionary<string, string>> Names = new(ReadNames);

    /// <summary>Replaces every reference in a text, once.</summary>
    public static string Unescape(string text)
    {
        int at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
            return text;
        var result = new StringBuilder(text.Length);
        ReadOnlySpan<char> rest = text;
        while (at >= 0)
        {
            result.Append(rest[..at]);
            rest = rest[(at + 1)..];
            int length = rest.StartsWith("#") ? Number(rest, result) : Name(rest, result);
            rest = rest[length..];
            at = rest.IndexOf('&');
        }
        return result.Append(rest).ToString();
    }

    /// <summary>
    /// Appends what <c>#65;</c> or <c>#x41;</c> stands for, and returns the length of the reference; of anything else only the ampersand,
    /// and 0.
    /// </summary>
    private static int Number(ReadOnlySpan<char> text, StringBuilder result)
    {
        bool isHex = text.Length > 1 && text[1] is 'x' or 'X';
        int first = isHex ? 2 : 1, end = first, value = 0;
        while (end < text.Length && (isHex ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])))
            value = Math.Min(NoCharacter, (value * (isHex ? 16 : 10)) + Convert.ToInt32(text[end++].ToString(), 16));
        if (end == first)
        {
            result.Append('&');
            return 0;
        }
        result.Append(Character(value));
        return end < text.Length && text[end] == ';' ? end + 1 : end;
    }

    private static string Character(int value) => value switch
    {
        0 or (>= 0xD800 and <= 0xDFFF) or NoCharacter => "\uFFFD",
        '\r' => "\r",
        >= 0x80 and <= 0x9F => Windows[value - 0x80].ToString(),
        < ' ' and not ('\t' or '\n' or '\f') => "",
        0x7F or (>= 0xFDD0 and <= 0xFDEF) => "",
        _ when (value & 0xFFFE) == 0xFFFE => "",
        _ => new Rune(value).ToString(),
    };

    /// <summary>The same for a name, of which the longest beginning that is known counts.</summary>
    private static int Name(ReadOnlySpan<char> text, StringBuilder result)
    {
        int end = 0;
        for (int characters = 0; characters < LongestName && end < text.Length && !Stops.Contains(text[end]); characters++)
            end += end + 1 < text.Length && char.IsSurrogatePair(text[end], text[end + 1]) ? 2 : 1;
        if (end > 0 && end < text.Length && text[end] == ';')
            end++;
        FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> names = Names.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int length = end; length > 1; length--)
        {
            if (names.TryGetValue(text[..length], out string? characters))
            {
                result.Append(characters);
                return length;
            }
        }
        result.Append('&');
        return 0;
    }

    /// <summary>Reads the table of HTML's standard: a name, a question mark when it needs no semicolon, and the code points.</summary>
    private static FrozenDictionary<string, string> ReadNames()
    {
        using Stream stream = typeof(HtmlEntities).Assembly.GetManifestResourceStream("html-entities.txt")!;
        using var reader = new StreamReader(stream);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            string name = parts[0][..^1];
            string characters =
                string.Concat(parts.Skip(1)
                    .Select(part => new Rune(int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString()));
            names.Add(name + ';', characters);
            if (parts[0][^1] == '?')
                names.Add(name, characters);
        }
        return names.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
