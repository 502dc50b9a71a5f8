using System.Buffers.Binary;
using System.Text;

namespace QuantBuild.Text;

/// <summary>SentencePiece's compiled normalization rules: the longest run of characters that has a rule is replaced by the rule's text.</summary>
/// <remarks>
/// The blob is the length of a double-array trie in bytes, the trie in 32-bit units as the darts-clone library lays it out, and the
/// replacements, each ended by a zero byte; the trie's values are offsets into the replacements.
/// </remarks>
public sealed class CharacterMap
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

    /// <summary>Normalizes a text, from left to right and not repeatedly.</summary>
    public string Apply(string text)
    {
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(text);
        var output = new List<byte>(input.Length);
        while (!input.IsEmpty)
        {
            (int length, int rule) = LongestRule(input);
            if (length > 0)
            {
                ReadOnlySpan<byte> replacement = _replacements.AsSpan(rule);
                output.AddRange(replacement[..replacement.IndexOf((byte)0)]);
            }
            else
            {
                _ = Rune.DecodeFromUtf8(input, out _, out length);
                output.AddRange(input[..length]);
            }
            input = input[length..];
        }
        return Encoding.UTF8.GetString([.. output]);
    }

    /// <summary>Bytes of the longest prefix with a rule, and where its replacement starts; length 0 when there is none.</summary>
    private (int Length, int Rule) LongestRule(ReadOnlySpan<byte> input)
    {
        (int length, int rule) = (0, 0);
        uint node = Offset(_trie[0]);
        for (int i = 0; i < input.Length; i++)
        {
            node ^= input[i];
            if (node >= _trie.Length || (_trie[node] & 0x800000FF) != input[i])
                break;
            uint unit = _trie[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 0 || node >= _trie.Length)
                continue;
            uint value = _trie[node] & 0x7FFFFFFF;
            if (value < _replacements.Length)
                (length, rule) = (i + 1, (int)value);
        }
        return (length, rule);
    }

    /// <summary>Distance from a unit to its children.</summary>
    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
