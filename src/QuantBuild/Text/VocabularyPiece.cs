namespace QuantBuild.Text;

/// <summary>An entry of a unigram vocabulary; its index is its token id.</summary>
/// <param name="Text">Its text, spaces written as U+2581.</param>
/// <param name="Score">Logarithm of its probability.</param>
/// <param name="Kind">What it is for.</param>
internal readonly record struct VocabularyPiece(string Text, float Score, PieceKind Kind);
