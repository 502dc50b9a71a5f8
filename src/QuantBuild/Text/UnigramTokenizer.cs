using System.Runtime.InteropServices;
using System.Text;

namespace QuantBuild.Text;

/// <summary>
/// Cuts a prompt into tokens as the tokenizers library of Hugging Face does: the most probable sequence of pieces, found by the Viterbi
/// algorithm.
/// </summary>
/// <remarks>
/// A prompt is cleaned first as the official pipeline does, by the ftfy library and on its own: HTML entities are decoded twice, curly
/// quotation marks become straight ones, control characters go, runs of white space become one space, and none is left at the ends.
/// (ftfy also repairs wrongly decoded text and composes characters; this does not.) A prompt that spells a mark such as <c>&lt;/s&gt;</c>,
/// or a byte such as <c>&lt;0x41&gt;</c>, gets its id: the library takes them for what they spell. Scores add up in float64; of equal
/// sequences the one with the longest last piece wins, at every position.
/// </remarks>
internal sealed class UnigramTokenizer
{
    private const char Space = '\u2581';

    // How much less probable than the worst piece an unknown character is, in SentencePiece.
    private const double UnknownPenalty = 10;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly UnigramModel _model;
    private readonly int[] _bytes = new int[256];
    private readonly int _longest;
    private readonly int _unknown;
    private readonly double _unknownScore;
    private readonly (string Text, int Id)[] _marks;

    /// <summary>Makes a tokenizer of a model.</summary>
    /// <param name="model">Its vocabulary.</param>
    /// <exception cref="InvalidDataException">
    /// The vocabulary has no end mark <c>&lt;/s&gt;</c>, not one unknown piece, two entries of one text, or lacks a byte.
    /// </exception>
    public UnigramTokenizer(UnigramModel model)
    {
        _model = model;
        Array.Fill(_bytes, -1);
        (_unknown, EndId) = (-1, -1);
        double worst = double.PositiveInfinity;
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            VocabularyPiece piece = model.Pieces[id];
            worst = Math.Min(worst, piece.Score);
            if (piece.Kind != PieceKind.Unused)
            {
                if (piece.Text.Length == 0 || !_ids.TryAdd(piece.Text, id))
                    throw new InvalidDataException($"piece {id}, '{piece.Text}', is empty or there twice");
                _longest = Math.Max(_longest, piece.Text.Length);
            }
            switch (piece.Kind)
            {
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
        _marks = [.. model.Pieces.Select((piece, id) => (piece, id))
            .Where(entry => entry.piece.Kind is PieceKind.Control or PieceKind.Unknown)
            .Select(entry => (entry.piece.Text, entry.id)).OrderByDescending(mark => mark.Text.Length)];
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
        return [.. Ids(prompt).Take(limit - 1), EndId];
    }

    /// <summary>Tokens of a whole prompt, with the end mark: those that a limit cuts off are counted too.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    public int Count(string prompt) => Ids(prompt).Count + 1;

    private List<int> Ids(string prompt)
    {
        var ids = new List<int>();
        string text = PromptText.Clean(prompt);
        while (true)
        {
            (int start, string mark, int id) = FirstMark(text);
            ids.AddRange(Cut(Normalize(text[..start])));
            if (start == text.Length)
                return ids;
            ids.Add(id);
            text = text[(start + mark.Length)..];
        }
    }

    /// <summary>The first mark that a text spells, the longest where several start; the text's end when there is none.</summary>
    private (int Start, string Mark, int Id) FirstMark(string text)
    {
        (int Start, string Mark, int Id) first = (text.Length, "", 0);
        foreach ((string mark, int id) in _marks)
        {
            if (text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var start && start < first.Start)
                first = (start, mark, id);
        }
        return first;
    }

    private string Normalize(string text)
    {
        if (_model.CharacterMap is { } map)
            text = PromptText.Collapse(map.Apply(text));
        return text.Length == 0 ? text : Space + text.Replace(' ', Space);
    }

    private List<int> Cut(string text)
    {
        var best = new Step[text.Length + 1];
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        int width;
        for (int start = 0; start < text.Length; start += width)
        {
            width = char.IsSurrogatePair(text, start) ? 2 : 1;
            double score = best[start].Score;
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
        for (int end = text.Length, start; end > 0; end = start)
        {
            start = end - best[end].Length;
            if (best[end].Id != _unknown)
            {
                ids.Add(best[end].Id);
                continue;
            }
            while (start > 0 && best[start].Id == _unknown)
                start -= best[start].Length;
            AddUnknown(text.AsSpan(start..end), ids);
        }
        CollectionsMarshal.AsSpan(ids).Reverse();
        return ids;
    }

    /// <summary>
    /// Neighbours without a piece, from last to first: together they may spell one after all, such as <c>&lt;unk&gt;</c>.
    /// </summary>
    private void AddUnknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (_ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out int id))
            ids.Add(id);
        else if (_model.ByteFallback)
            ids.AddRange(Encoding.UTF8.GetBytes(text.ToArray()).Reverse().Select(value => _bytes[value]));
        else
            ids.Add(_unknown);
    }

    /// <summary>The best way to a position: its score, and the piece that ends there. Length 0 before there is one.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Step(double Score, int Length, int Id);
}
