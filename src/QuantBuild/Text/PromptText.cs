using System.Text;

namespace QuantBuild.Text;

/// <summary>What the official pipeline does to a prompt before it is cut into tokens.</summary>
internal static class PromptText
{
    /// <summary>Decodes entities twice, drops control characters, straightens quotation marks, and collapses white space.</summary>
    public static string Clean(string prompt) =>
        Collapse(string.Concat(HtmlEntities.Unescape(HtmlEntities.Unescape(prompt)).Where(c => !IsControl(c)).Select(Straighten)));

    /// <summary>Whether a character says something to a program and nothing to a reader.</summary>
    private static bool IsControl(char c) =>
        c is < ' ' and not ('\t' or '\n' or '\f' or '\r') or '\u007f' or (>= '\u206a' and <= '\u206f') or '\ufeff'
        or (>= '\ufff9' and <= '\ufffc');

    private static char Straighten(char c) => c switch
    {
        '\u02bc' or (>= '\u2018' and <= '\u201b') => '\'',
        >= '\u201c' and <= '\u201f' => '"',
        _ => c,
    };

    /// <summary>Makes one space of every run of white space, and none at the ends.</summary>
    public static string Collapse(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (!char.IsWhiteSpace(c))
                result.Append(c);
            else if (result.Length > 0 && result[^1] != ' ')
                result.Append(' ');
        }
        if (result.Length > 0 && result[^1] == ' ')
            result.Length--;
        return result.ToString();
    }
}
