using System.Text.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>Reads the unigram model of a Hugging Face <c>tokenizer.json</c>.</summary>
/// <remarks>
/// Only what SentencePiece's own files can say is accepted: a compiled character map, the collapsing of spaces, and U+2581 in front of
/// words.  Anything else would cut a text up differently and is refused.
/// </remarks>
internal static class TokenizerJson
{
    public static UnigramModel Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes);
            return Read(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: {ForeignFile.NotJson(bytes) ?? e.Message}", e);
        }
    }

    private static UnigramModel Read(JsonElement root)
    {
        JsonElement model = root.GetProperty("model");
        Require(Type(model), "model", "Unigram");
        foreach (JsonElement step in Steps(root.GetProperty("pre_tokenizer"), "pretokenizers"))
            Require(Type(step), "pre_tokenizer", "Metaspace", "WhitespaceSplit");

        CharacterMap? map = null;
        foreach (JsonElement step in Steps(root.GetProperty("normalizer"), "normalizers"))
        {
            Require(Type(step), "normalizer", "Precompiled", "Strip", "Replace");
            if (Type(step) == "Precompiled")
                map = map is null ? new CharacterMap(step.GetProperty("precompiled_charsmap").GetBytesFromBase64()) : throw new InvalidDataException("there are two character maps");
            else if (Type(step) == "Replace")
                Require(step.GetProperty("pattern").GetProperty("Regex").GetString(), "normalizer's pattern", " {2,}");
        }

        var special = new HashSet<int>(root.GetProperty("added_tokens").EnumerateArray()
            .Where(token => token.GetProperty("special").GetBoolean()).Select(token => token.GetProperty("id").GetInt32()));
        bool byteFallback = model.TryGetProperty("byte_fallback", out JsonElement fallback) && fallback.GetBoolean();
        int unknown = model.GetProperty("unk_id").GetInt32();
        VocabularyPiece[] pieces = [.. model.GetProperty("vocab").EnumerateArray().Select((entry, id) => Piece(entry, id, unknown, special, byteFallback))];
        return new UnigramModel(pieces, byteFallback, map);
    }

    private static VocabularyPiece Piece(JsonElement entry, int id, int unknown, HashSet<int> special, bool byteFallback)
    {
        string text = entry[0].GetString() ?? throw new InvalidDataException($"piece {id} has no text");
        PieceKind kind = id == unknown ? PieceKind.Unknown
            : special.Contains(id) ? PieceKind.Control
            : byteFallback && UnigramModel.IsByte(text) ? PieceKind.Byte
            : PieceKind.Normal;
        return new VocabularyPiece(text, (float)entry[1].GetDouble(), kind);
    }

    /// <summary>The parts of a step that may be a sequence of steps, or nothing.</summary>
    private static IEnumerable<JsonElement> Steps(JsonElement step, string list) =>
        step.ValueKind == JsonValueKind.Null ? []
        : Type(step) == "Sequence" ? step.GetProperty(list).EnumerateArray().SelectMany(part => Steps(part, list))
        : [step];

    private static string? Type(JsonElement element) => element.GetProperty("type").GetString();

    private static void Require(string? value, string what, params ReadOnlySpan<string> expected)
    {
        if (value is null || !expected.Contains(value))
            throw new InvalidDataException($"the {what} is '{value}'; supported is '{string.Join("' or '", expected!)}'");
    }
}
