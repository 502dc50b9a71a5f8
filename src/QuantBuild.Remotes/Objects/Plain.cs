namespace QuantBuild.Remotes.Objects;

/// <summary>What may be shown of what an SDK or a server says.</summary>
internal static class Plain
{
    private const int Longest = 200;

    /// <summary>The first line of a message, and of that no more than fits a line.</summary>
    public static string FirstLine(string message)
    {
        string line = message.ReplaceLineEndings("\n").Split('\n')[0].Trim();
        return line.Length > Longest ? line[..Longest] + "…" : line;
    }

    /// <summary>A server's code for an error, if it is one word.</summary>
    public static string? Code(string? code) => code is { Length: > 0 and <= 60 } && code.All(char.IsAsciiLetterOrDigit) ? code : null;

    /// <summary>What a failure began with.</summary>
    public static Exception Innermost(Exception failure) => failure.InnerException is { } inner ? Innermost(inner) : failure;
}
