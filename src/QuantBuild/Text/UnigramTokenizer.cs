using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace QuantBuild.Text;

/// <summary>Cuts a prompt into tokens as SentencePiece does: the most probable sequence of pieces, found by the Viterbi algorithm.</summary>
/// <remarks>
/// A prompt is cleaned first as the official pipeline does, by the ftfy library and on its own: HTML entities are decoded twice, curly
/// quotation marks become straight ones, control characters go, runs of white space become one space, and none is left at the ends.
/// (ftfy also repairs wrongly decoded text; this does not.)  Marks such as <c>&lt;/s&gt;</c> are ordinary text when a prompt spells them.
/// Scores add up in float32; of equal sequences the one with the longest last piece wins, at every position.
/// </remarks>
public sealed class UnigramTokenizer
{
    private const char Space = '\u2581';

    // How much less probable than the worst piece an unknown character is, in SentencePiece.
    private const float UnknownPenalty = 10;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly UnigramModel _model;
    private readonly int[] _bytes = new int[256];
    private readonly int _longest;
    private readonly int _unknown;
    private readonly float _unknownScore;

    /// <summary>Makes a tokenizer of a model.</summary>
    /// <param name="model">Its vocabulary.</param>
    /// <exception cref="InvalidDataException">The vocabulary has no end mark <c>&lt;/s&gt;</c>, not one unknown piece, two entries of one text, or lacks a byte.</exception>
    public UnigramTokenizer(UnigramModel model)
    {
        _model = model;
        Array.Fill(_bytes, -1);
        (_unknown, EndId) = (-1, -1);
        float worst = 0;
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            VocabularyPiece piece = model.Pieces[id];
            switch (piece.Kind)
            {
                case PieceKind.Normal:
                    if (piece.Text.Length == 0 || !_ids.TryAdd(piece.Text, id))
                        throw new InvalidDataException($"piece {id}, '{piece.Text}', is empty or there twice");
                    _longest = Math.Max(_longest, piece.Text.Length);
                    worst = _ids.Count == 1 ? piece.Score : Math.Min(worst, piece.Score);
                    break;
                case PieceKind.Unknown:
                    _unknown = _unknown < 0 ? id : throw new InvalidDataException("there are two unknown pieces");
                    break;
                case PieceKind.Byte when UnigramModel.IsByte(piece.Text):
                    _bytes[Convert.ToByte(piece.Text[3..5], 16)] = id;
                    break;
                case PieceKind.Control when piece.Text == "</s>":
                    EndId = id;
                    break;
            }
        }
        if (_unknown < 0 || EndId < 0)
            throw new InvalidDataException("the vocabulary has no unknown piece or no end mark </s>");
        if (model.ByteFallback && Array.IndexOf(_bytes, -1) is >= 0 and var missing)
            throw new InvalidDataException($"the vocabulary has no piece for the byte {missing}");
        _unknownScore = worst - UnknownPenalty;
    }

    /// <summary>Id of the end mark.</summary>
    public int EndId { get; }

    /// <summary>Number of ids.</summary>
    public int VocabularySize => _model.Pieces.Count;

    /// <summary>Loads the tokenizer of a folder; see <see cref="UnigramModel.Load"/>.</summary>
    /// <param name="folder">The tokenizer's folder.</param>
    /// <exception cref="InvalidDataException">There is no tokenizer, or it is damaged or of another kind.</exception>
    public static UnigramTokenizer Load(string folder) => new(UnigramModel.Load(folder));

    /// <summary>Token ids of a prompt, with the end mark.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <param name="limit">Most tokens wanted, the end mark included: 512 for Wan2.2. What is beyond is cut off.</param>
    public int[] Encode(string prompt, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        List<int> ids = Cut(Normalize(Clean(prompt)));
        return [.. ids.Take(limit - 1), EndId];
    }

    private static string Clean(string prompt) => Collapse(string.Concat(WebUtility.HtmlDecode(WebUtility.HtmlDecode(prompt)).Where(c => !IsControl(c)).Select(Straighten)));

    /// <summary>Whether a character says something to a program and nothing to a reader.</summary>
    private static bool IsControl(char c) =>
        c is < ' ' and not ('\t' or '\n' or '\f' or '\r') or '\u007f' or (>= '\u206a' and <= '\u206f') or '\ufeff' or (>= '\ufff9' and <= '\ufffc');

    private static char Straighten(char c) => c switch
    {
        '\u02bc' or (>= '\u2018' and <= '\u201b') => '\'',
        >= '\u201c' and <= '\u201f' => '"',
        _ => c,
    };

    private string Normalize(string text)
    {
        if (_model.CharacterMap is { } map)
            text = Collapse(map.Apply(text));
        return text.Length == 0 ? text : Space + text.Replace(' ', Space);
    }

    private static string Collapse(string text)
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

    private List<int> Cut(string text)
    {
        var best = new Step[text.Length + 1];
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        int width;
        for (int start = 0; start < text.Length; start += width)
        {
            width = char.IsSurrogatePair(text, start) ? 2 : 1;
            float score = best[start].Score;
            bool isKnown = false;
            int most = Math.Min(_longest, text.Length - start);
            for (int length = width; length <= most; length++)
            {
                if (!ids.TryGetValue(text.AsSpan(start, length), out int id))
                    continue;
                Offer(ref best[start + length], new Step(score + _model.Pieces[id].Score, length, id));
                isKnown |= length == width;
            }
            if (!isKnown)
                Offer(ref best[start + width], new Step(score + _unknownScore, width, _unknown));
        }
        return Collect(text, best);
    }

    private static void Offer(ref Step best, Step step)
    {
        if (best.Length == 0 || step.Score > best.Score)
            best = step;
    }

    /// <summary>Follows the steps back from the end and replaces what is unknown.</summary>
    private List<int> Collect(string text, Step[] best)
    {
        var ids = new List<int>();
        for (int end = text.Length; end > 0; end -= best[end].Length)
        {
            Step step = best[end];
            if (step.Id != _unknown)
            {
                ids.Add(step.Id);
            }
            else if (_model.ByteFallback)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(text.Substring(end - step.Length, step.Length));
                ids.AddRange(bytes.Reverse().Select(value => _bytes[value]));
            }
            else if (ids.Count == 0 || ids[^1] != _unknown)
            {
                ids.Add(_unknown);
            }
        }
        CollectionsMarshal.AsSpan(ids).Reverse();
        return ids;
    }

    /// <summary>The best way to a position: its score, and the piece that ends there. Length 0 before there is one.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Step(float Score, int Length, int Id);
}
