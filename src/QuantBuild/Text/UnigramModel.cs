namespace QuantBuild.Text;

/// <summary>A SentencePiece unigram model, whichever file it comes from.</summary>
/// <param name="Pieces">The vocabulary, by token id.</param>
/// <param name="ByteFallback">Whether text without a piece becomes its UTF-8 bytes, and not the unknown piece.</param>
/// <param name="CharacterMap">How characters are normalized before the text is cut up; null for not at all.</param>
internal sealed record UnigramModel(IReadOnlyList<VocabularyPiece> Pieces, bool ByteFallback, CharacterMap? CharacterMap)
{
    /// <summary>Reads <c>tokenizer.json</c> of a folder, or its <c>spiece.model</c> when there is none.</summary>
    /// <param name="folder">The tokenizer's folder.</param>
    /// <exception cref="InvalidDataException">There is neither file, or it is damaged or of another kind; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static UnigramModel Load(string folder)
    {
        string json = Path.Combine(folder, "tokenizer.json"), model = Path.Combine(folder, "spiece.model");
        if (File.Exists(json))
            return TokenizerJson.Read(json);
        if (File.Exists(model))
            return SentencePieceModel.Read(model);
        throw new InvalidDataException($"{folder}: there is no tokenizer.json and no spiece.model");
    }

    /// <summary>Whether a piece is spelled like a byte, such as <c>&lt;0x41&gt;</c>.</summary>
    internal static bool IsByte(string piece) => piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal)
        && piece[5] == '>' && char.IsAsciiHexDigit(piece[3]) && char.IsAsciiHexDigit(piece[4]);
}
