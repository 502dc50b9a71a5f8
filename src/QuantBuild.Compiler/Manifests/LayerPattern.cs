using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>
/// A pattern over full layer names such as <c>blocks.3.ffn.2</c>. <c>*</c> stands for any characters, dots included; a whole part
/// between dots may be a range of block numbers such as <c>3-5</c>; everything else stands for itself. The whole name must match.
/// </summary>
public sealed class LayerPattern
{
    private const int Longest = 10_000;

    private readonly string _text;
    private readonly Token[] _tokens;

    private LayerPattern(string text, Token[] tokens)
    {
        _text = text;
        _tokens = tokens;
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="pattern">The result, when there is one.</param>
    /// <param name="fault">What is wrong with it otherwise.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out LayerPattern? pattern, [NotNullWhen(false)] out string? fault)
    {
        pattern = null;
        fault = text.Length > Longest ? $"it is longer than {Longest} characters, as no layer's name is" : null;
        if (fault is not null)
            return false;
        var tokens = new List<Token>();
        foreach (string part in text.Split('.'))
        {
            if (tokens.Count > 0)
                tokens.Add(new Token(TokenKind.Character, '.'));
            if (part.Length == 0)
                fault = text.Length == 0 ? "it is empty" : "a part between dots is empty";
            else if (part.Contains('-'))
                fault = AddRange(part, tokens);
            else if (part.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && c is not '_' and not '*') is var odd and not '\0')
                fault = $"'{odd}' cannot occur in the name of a layer";
            else
                tokens.AddRange(part.Select(c => new Token(c == '*' ? TokenKind.Any : TokenKind.Character, c)));
            if (fault is not null)
                return false;
        }
        pattern = new LayerPattern(text, [.. tokens]);
        return true;
    }

    /// <summary>Whether the whole name fits the pattern.</summary>
    public bool IsMatch(string name)
    {
        // Follows all ways through the pattern at once, so no pattern takes more than length x length steps.
        bool[] reached = new bool[name.Length + 1];
        reached[0] = true;
        foreach (Token token in _tokens)
        {
            bool[] next = new bool[name.Length + 1];
            for (int i = 0; i <= name.Length; i++)
            {
                if (reached[i])
                    Follow(token, name, i, next);
            }
            reached = next;
        }
        return reached[^1];
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static void Follow(Token token, string name, int at, bool[] next)
    {
        switch (token.Kind)
        {
            case TokenKind.Any:
                next.AsSpan(at).Fill(true);
                break;
            case TokenKind.Character when at < name.Length && name[at] == token.Character:
                next[at + 1] = true;
                break;
            case TokenKind.Range:
                int end = at;
                while (end < name.Length && char.IsAsciiDigit(name[end]))
                    end++;
                if (int.TryParse(name.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    && number >= token.From && number <= token.To)
                {
                    next[end] = true;
                }
                break;
        }
    }

    private static string? AddRange(string part, List<Token> tokens)
    {
        if (part.Split('-') is not [var low, var high]
            || !int.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out int from)
            || !int.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out int to))
        {
            return $"'{part}' is not a range of numbers such as 3-5";
        }
        if (from > to)
            return $"the range '{part}' is empty";
        tokens.Add(new Token(TokenKind.Range, '\0', from, to));
        return null;
    }

    private enum TokenKind
    {
        Character,
        Any,
        Range,
    }

    private readonly record struct Token(TokenKind Kind, char Character, int From = 0, int To = 0);
}
