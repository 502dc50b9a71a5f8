using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace QuantBuild.Text;

/// <summary>SentencePiece's compiled normalization rules, applied as the tokenizers library of Hugging Face does.</summary>
/// <remarks>
/// SentencePiece itself replaces the longest run of characters that has a rule. The library goes by what readers see as one character: of
/// up to five bytes the shortest beginning with a rule stands for all of it, otherwise every code point is replaced by itself. Checkpoints
/// were trained with the library. The blob is the length of a double-array trie in bytes, the trie in 32-bit units as the darts-clone
/// library lays it out, and the replacements, each ended by a zero byte; the trie's values are offsets into the replacements.
/// </remarks>
internal sealed class CharacterMap
{
    private readonly uint[] _trie;
    private readonly byte[] _replacements;

    /// <summary>Takes a compiled map.</summary>
    /// <param name="blob">The <c>precompiled_charsmap</c> of a tokenizer.</param>
    /// <exception cref="InvalidDataException">The blob is too short, or the trie does not fit it.</exception>
    public CharacterMap(ReadOnlySpan<byte> blob)
    {
        uint trieBytes = blob.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (trieBytes == 0 || trieBytes % 4 != 0 || trieBytes > blob.Length - 4 || blob[^1] != 0)
            throw new InvalidDataException($"a character map of {blob.Length} bytes has no whole trie and replacements");
        _trie = new uint[trieBytes / 4];
        for (int i = 0; i < _trie.Length; i++)
            _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + (4 * i))..]);
        _replacements = blob[(4 + (int)trieBytes)..].ToArray();
    }

    /// <summary>Normalizes a text, from left to right and not repeatedly; half a surrogate pair becomes U+FFFD.</summary>
    public string Apply(string text)
    {
        // Longer ones, such as a half-width kana with its voicing mark, are taken apart.
        const int LongestWhole = 5;
        var output = new List<byte>(text.Length);
        string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        for (int start = 0, length; start < valid.Length; start += length)
        {
            length = StringInfo.GetNextTextElementLength(valid, start);
            byte[] element = Encoding.UTF8.GetBytes(valid, start, length);
            if (element.Length <= LongestWhole && Rule(element) is { } rule)
                Append(output, rule);
            else
                ApplyToEach(element, output);
        }
        return Encoding.UTF8.GetString([.. output]);
    }

    private void ApplyToEach(ReadOnlySpan<byte> element, List<byte> output)
    {
        while (!element.IsEmpty)
        {
            _ = Rune.DecodeFromUtf8(element, out _, out int length);
            if (Rule(element[..length]) is { } rule)
                Append(output, rule);
            else
                output.AddRange(element[..length]);
            element = element[length..];
        }
    }

    private void Append(List<byte> output, int rule)
    {
        ReadOnlySpan<byte> replacement = _replacements.AsSpan(rule);
        output.AddRange(replacement[..replacement.IndexOf((byte)0)]);
    }

    /// <summary>Where the replacement starts of the shortest beginning that has a rule; null when none has.</summary>
    private int? Rule(ReadOnlySpan<byte> input)
    {
        uint node = Offset(_trie[0]);
        foreach (byte value in input)
        {
            node ^= value;
            if (value == 0 || node >= _trie.Length || (_trie[node] & 0x800000FF) != value)
                return null;
            uint unit = _trie[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) != 0 && node < _trie.Length && (_trie[node] & 0x7FFFFFFF) is var rule && rule < _replacements.Length)
                return (int)rule;
        }
        return null;
    }

    /// <summary>Distance from a unit to its children.</summary>
    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
