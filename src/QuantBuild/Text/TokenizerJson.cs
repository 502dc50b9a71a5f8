using System.Text.Json;
using QuantBuild.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>Reads the unigram model of a Hugging Face <c>tokenizer.json</c>.</summary>
/// <remarks>
/// Only what SentencePiece's own files can say is accepted: a compiled character map, the collapsing of spaces, and U+2581 in front of
/// words.  Anything else would cut a text up differently and is refused.
/// </remarks>
internal static class TokenizerJson
{
    public static UnigramModel Read(string path) => Read(File.ReadAllBytes(path), path);

    /// <summary>Reads a file that is in memory.</summary>
    public static UnigramModel Read(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using JsonDocument document = CheckedJson.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: {ForeignFile.NotJson(json.Span) ?? e.Message}", e);
        }
    }

    private static UnigramModel Read(JsonElement root)
    {
        JsonElement model = root.Member("model");
        Require(Type(model), "model", "Unigram");
        foreach (JsonElement step in Steps(root.Member("pre_tokenizer"), "pretokenizers"))
            Require(Type(step), "pre_tokenizer", "Metaspace", "WhitespaceSplit");

        CharacterMap? map = null;
        foreach (JsonElement step in Steps(root.Member("normalizer"), "normalizers"))
        {
            Require(Type(step), "normalizer", "Precompiled", "Strip", "Replace");
            if (Type(step) == "Precompiled")
                map = map is null
                    ? new CharacterMap(Convert.FromBase64String(step.Member("precompiled_charsmap").Text("precompiled_charsmap")))
                    : throw new InvalidDataException("there are two character maps");
            else if (Type(step) == "Replace")
                Require(step.Member("pattern").Member("Regex").Text("Regex"), "normalizer's pattern", " {2,}");
        }

        var special = new HashSet<int>(root.Member("added_tokens").Items("added_tokens")
            .Where(token => token.Member("special").Flag("special")).Select(token => token.Member("id").Integer("id")));
        bool byteFallback = model.Find("byte_fallback") is { } fallback && fallback.Flag("byte_fallback");
        int unknown = model.Member("unk_id").Integer("unk_id");
        VocabularyPiece[] pieces =
            [.. model.Member("vocab").Items("vocab").Select((entry, id) => Piece(entry, id, unknown, special, byteFallback))];
        return new UnigramModel(pieces, byteFallback, map);
    }

    private static VocabularyPiece Piece(JsonElement entry, int id, int unknown, HashSet<int> special, bool byteFallback)
    {
        if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[0].ValueKind != JsonValueKind.String
            || entry[1].ValueKind != JsonValueKind.Number)
            throw new MalformedJsonException(FormattableString.Invariant($"piece {id} is not a pair of text and score"));
        string text = entry[0].GetString()!;
        PieceKind kind = id == unknown ? PieceKind.Unknown
            : special.Contains(id) ? PieceKind.Control
            : byteFallback && UnigramModel.IsByte(text) ? PieceKind.Byte
            : PieceKind.Normal;
        return new VocabularyPiece(text, entry[1].Single("score of a piece"), kind);
    }

    /// <summary>The parts of a step that may be a sequence of steps, or nothing.</summary>
    private static IEnumerable<JsonElement> Steps(JsonElement step, string list) =>
        step.ValueKind == JsonValueKind.Null ? []
        : Type(step) == "Sequence" ? step.Member(list).Items(list).SelectMany(part => Steps(part, list))
        : [step];

    private static string Type(JsonElement element) => element.Member("type").Text("type");

    private static void Require(string value, string what, params ReadOnlySpan<string> expected)
    {
        if (!expected.Contains(value))
            throw new InvalidDataException($"the {what} is '{value}'; supported is '{string.Join("' or '", expected!)}'");
    }
}
