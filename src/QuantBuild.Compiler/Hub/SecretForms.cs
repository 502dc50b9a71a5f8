using System.Globalization;
using System.Text;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// Finds a secret in somebody else's text: as it is, percent-encoded, in base64, in hexadecimal, and stretches of any of these.
/// </summary>
internal sealed class SecretForms
{
    /// <summary>
    /// Characters of a stretch that is taken for a part of the secret; shorter ones give little away and may be there by chance.
    /// </summary>
    private const int Stretch = 12;

    /// <summary>Percent-encoding may be applied again by each party that passes an address on.</summary>
    private const int MostDecodings = 3;

    private const string Blot = "***";

    private readonly int _window;
    private readonly HashSet<string> _stretches = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="secret">The secret, of ASCII characters.</param>
    public SecretForms(string secret)
    {
        _window = Math.Min(secret.Length, Stretch);
        byte[] bytes = Encoding.ASCII.GetBytes(secret);
        Add(secret);
        Add(Convert.ToHexString(bytes));
        for (int before = 0; before < 3; before++)
            AddBase64(bytes, before);
    }

    /// <summary>Whether the text has the secret, or a part of it.</summary>
    public bool AreIn(string text) => Find(text).Any(found => found);

    /// <summary>The text with every part of the secret replaced.</summary>
    public string BlotOut(string text)
    {
        bool[] found = Find(text);
        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (!found[i])
                kept.Append(text[i]);
            else if (i == 0 || !found[i - 1])
                kept.Append(Blot);
        }
        return kept.ToString();
    }

    private void Add(string form)
    {
        for (int i = 0; i + _window <= form.Length; i++)
            _stretches.Add(form.Substring(i, _window));
    }

    /// <summary>Adds the characters of base64 that the secret alone decides when some bytes stand before it, as a user name does.</summary>
    private void AddBase64(byte[] secret, int before)
    {
        string text = Convert.ToBase64String([.. new byte[before], .. secret]);
        int first = ((before * 8) + 5) / 6, end = (before + secret.Length) * 8 / 6;
        if (end - first < _window)
            return;
        string core = text[first..end];
        Add(core);
        Add(core.Replace('+', '-').Replace('/', '_'));
    }

    /// <summary>Which characters of the text belong to the secret.</summary>
    private bool[] Find(string text)
    {
        var found = new bool[text.Length];
        // Each character of the decoded text, with the place in the text that it comes from.
        List<(char Value, int From, int To)> level = [.. text.Select((c, i) => (c, i, i + 1))];
        for (int decoding = 0; decoding <= MostDecodings; decoding++)
        {
            string decoded = string.Concat(level.Select(c => c.Value));
            HashSet<string>.AlternateLookup<ReadOnlySpan<char>> stretches = _stretches.GetAlternateLookup<ReadOnlySpan<char>>();
            for (int i = 0; i + _window <= decoded.Length; i++)
            {
                if (stretches.Contains(decoded.AsSpan(i, _window)))
                    Array.Fill(found, true, level[i].From, level[i + _window - 1].To - level[i].From);
            }
            if (!decoded.Contains('%', StringComparison.Ordinal))
                break;
            level = Decode(level);
        }
        return found;
    }

    private static List<(char, int, int)> Decode(List<(char Value, int From, int To)> text)
    {
        var decoded = new List<(char, int, int)>(text.Count);
        for (int i = 0; i < text.Count; i++)
        {
            if (text[i].Value == '%' && i + 2 < text.Count && char.IsAsciiHexDigit(text[i + 1].Value)
                && char.IsAsciiHexDigit(text[i + 2].Value))
            {
                decoded.Add(((char)byte.Parse([text[i + 1].Value, text[i + 2].Value], NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture), text[i].From, text[i + 2].To));
                i += 2;
            }
            else
            {
                decoded.Add(text[i]);
            }
        }
        return decoded;
    }
}
