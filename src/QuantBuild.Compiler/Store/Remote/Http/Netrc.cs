namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>Names and passwords of servers in a netrc file, as curl, Git and Bazel read it.</summary>
internal static class Netrc
{
    /// <summary>An entry of a machine.</summary>
    internal sealed record Entry(string Login, string Password)
    {
        /// <summary>Never the password.</summary>
        public override string ToString() => Login;
    }

    /// <summary>The entry of a machine, else that of <c>default</c>; null when there is neither.</summary>
    /// <param name="text">The file: tokens between white space, of which those with spaces are in double quotes.</param>
    /// <param name="host">The machine.</param>
    public static Entry? Find(string text, string host)
    {
        string? login = null, password = null;
        bool here = false;
        string[] tokens = [.. Tokens(text)];
        for (int i = 0; i < tokens.Length; i++)
        {
            switch (tokens[i])
            {
                case "machine" or "default" when here:
                    return Made(login, password);
                case "default":
                    here = true;
                    break;
                case "machine" when i + 1 < tokens.Length:
                    here = string.Equals(tokens[++i], host, StringComparison.OrdinalIgnoreCase);
                    break;
                case "login" when i + 1 < tokens.Length:
                    login = here ? tokens[i + 1] : null;
                    i++;
                    break;
                case "password" when i + 1 < tokens.Length:
                    password = here ? tokens[i + 1] : null;
                    i++;
                    break;
                case "account" when i + 1 < tokens.Length:
                    i++;
                    break;
            }
        }
        return here ? Made(login, password) : null;
    }

    private static Entry? Made(string? login, string? password) => password is null ? null : new Entry(login ?? "", password);

    private static IEnumerable<string> Tokens(string text)
    {
        bool macro = false;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            // A macro's lines end with an empty one.
            macro &= line.Trim().Length > 0;
            if (macro)
                continue;
            string[] tokens = [.. OfLine(line)];
            int at = Array.IndexOf(tokens, "macdef");
            macro = at >= 0;
            foreach (string token in macro ? tokens[..at] : tokens)
                yield return token;
        }
    }

    private static IEnumerable<string> OfLine(string line)
    {
        for (int i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }
            if (line[i] == '#')
                yield break;
            bool quoted = line[i] == '"';
            var token = new System.Text.StringBuilder();
            for (i += quoted ? 1 : 0; i < line.Length && (quoted ? line[i] != '"' : !char.IsWhiteSpace(line[i])); i++)
                token.Append(quoted && line[i] == '\\' && i + 1 < line.Length ? line[++i] : line[i]);
            i += quoted ? 1 : 0;
            yield return token.ToString();
        }
    }
}
