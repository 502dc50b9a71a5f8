using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>
/// A pattern over full layer names such as <c>blocks.3.ffn.2</c>. <c>*</c> stands for any characters, dots included; a whole part
/// between dots may be a range of block numbers such as <c>3-5</c>; everything else stands for itself. The whole name must match.
/// </summary>
internal sealed class LayerPattern
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

    /// <summary>The one name that fits; null when the pattern has wildcards or ranges.</summary>
    internal string? Literal => Array.TrueForAll(_tokens, token => token.Kind == TokenKind.Character) ? _text : null;

    /// <summary>Whether the whole name fits the pattern.</summary>
    public bool IsMatch(string name)
    {
        // What stands between two stars may be taken where it fits first: from no later place does it end earlier.
        (int token, int at, int star, int from) = (0, 0, -1, 0);
        while (at < name.Length || token < _tokens.Length)
        {
            if (token < _tokens.Length && _tokens[token].Kind == TokenKind.Any)
                (star, from, token) = (token, at, token + 1);
            else if (token < _tokens.Length && End(_tokens[token], name, at) is >= 0 and var end)
                (at, token) = (end, token + 1);
            else if (star >= 0 && from < name.Length)
                (at, from, token) = (from + 1, from + 1, star + 1);
            else
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    /// <summary>Where a token that begins at a place ends; -1 when it does not fit there.</summary>
    private static int End(Token token, string name, int at)
    {
        if (token.Kind == TokenKind.Character)
            return at < name.Length && name[at] == token.Character ? at + 1 : -1;
        int end = at;
        while (end < name.Length && char.IsAsciiDigit(name[end]))
            end++;
        return int.TryParse(name.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= token.From && number <= token.To ? end : -1;
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
