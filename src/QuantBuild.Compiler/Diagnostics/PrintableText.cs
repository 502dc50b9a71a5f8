using System.Buffers;
using System.Globalization;
using System.Text;

namespace QuantBuild.Compiler.Diagnostics;

/// <summary>
/// Makes text of strangers (names in files, answers of servers) harmless where people and build systems read it: it cannot move a
/// terminal's cursor, reorder or hide what stands beside it, begin a line of its own, or be a command of a CI system.
/// </summary>
/// <remarks>
/// What is not shown as itself is shown as <c>\u001b</c>. That is the escape of JSON, too, so a JSON text stays the same value when it
/// passes here. Applying it twice changes nothing.
/// </remarks>
internal static class PrintableText
{
    private const char LineSeparator = '\u2028', ParagraphSeparator = '\u2029';

    /// <summary>Characters that need a look: everything but the printable part of ASCII, and what begins commands.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(c => c is not ('#' or ':'))));

    /// <summary>Text as one line.</summary>
    /// <param name="text">Anybody's text.</param>
    /// <returns>The same text, with line breaks as <c>\u000a</c>.</returns>
    public static string Line(string text) => Escape(text, keepsLines: false, guardsCommands: true, beginsLine: true);

    /// <summary>Text as a part of a line whose begin somebody else writes, such as the value of a CI system's command.</summary>
    /// <param name="text">Anybody's text.</param>
    public static string Part(string text) => Escape(text, keepsLines: false, guardsCommands: false, beginsLine: false);

    /// <summary>Text that may have several lines: line feeds and tabs stay, and no line is a command.</summary>
    /// <param name="text">Anybody's text.</param>
    /// <param name="beginsLine">Whether it begins a line.</param>
    public static string Lines(string text, bool beginsLine = true) => Escape(text, keepsLines: true, guardsCommands: true, beginsLine);

    private static string Escape(string text, bool keepsLines, bool guardsCommands, bool beginsLine)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
            return text;
        var shown = new StringBuilder(text.Length + 16);
        bool blank = beginsLine;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (keepsLines && IsLineBreak(text, i))
            {
                shown.Append(c);
                blank = true;
                continue;
            }
            if (char.IsSurrogate(c) && i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
            {
                bool hidden = IsHidden(CharUnicodeInfo.GetUnicodeCategory(text, i));
                foreach (char half in (ReadOnlySpan<char>)[c, text[++i]])
                    Append(shown, half, hidden);
            }
            else
            {
                Append(shown, c, IsHidden(c)
                    || (guardsCommands && ((c == ':' && blank && BeginsCommand(text, i)) || (c == '#' && BeginsLoggingCommand(text, i)))));
            }
            blank &= char.IsWhiteSpace(c);
        }
        return shown.ToString();
    }

    private static void Append(StringBuilder shown, char c, bool escaped)
    {
        if (escaped)
            shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        else
            shown.Append(c);
    }

    private static bool IsLineBreak(string text, int at) =>
        text[at] is '\n' or '\t' || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n');

    /// <summary>Controls, lone halves of pairs, and formats without a glyph, among them those that turn the direction of writing.</summary>
    private static bool IsHidden(char c) => c is LineSeparator or ParagraphSeparator || IsHidden(char.GetUnicodeCategory(c));

    private static bool IsHidden(UnicodeCategory category) =>
        category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate;

    /// <summary>GitHub's commands, <c>::error::</c>, which spaces may precede.</summary>
    private static bool BeginsCommand(string text, int at) => at + 1 < text.Length && text[at + 1] == ':';

    /// <summary>
    /// Azure's <c>##vso[</c>, GitHub's older <c>##[</c> and TeamCity's <c>##teamcity[</c>: the first two count anywhere in a line.
    /// </summary>
    private static bool BeginsLoggingCommand(string text, int at)
    {
        if (at + 1 >= text.Length || text[at + 1] != '#')
            return false;
        int end = at + 2;
        while (end < text.Length && char.IsAsciiLetter(text[end]))
            end++;
        return end < text.Length && text[end] == '[';
    }
}
