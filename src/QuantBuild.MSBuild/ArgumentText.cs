using System.Text;

namespace QuantBuild.MSBuild;

/// <summary>Arguments as one text, by the rules that the base library, and the C runtime on Windows, take it apart by.</summary>
internal static class ArgumentText
{
    /// <summary>The text of arguments.</summary>
    public static string Of(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quoted));

    private static string Quoted(string argument)
    {
        if (argument.Length > 0 && !argument.Any(c => c == '"' || char.IsWhiteSpace(c)))
            return argument;
        var text = new StringBuilder("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            // Backslashes mean themselves, unless a quotation mark follows.
            if (c == '"')
                text.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            text.Append(c);
        }
        return text.Append('\\', backslashes).Append('"').ToString();
    }
}
