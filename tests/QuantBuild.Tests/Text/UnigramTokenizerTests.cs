using System.Text.Json;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Tests.Text;

public class UnigramTokenizerTests
{
    private const int Limit = 64;

    private static readonly string Folder = TestData.TinyWan("checkpoint", "tokenizer");

    private static string FileOf(string name) => Path.Combine(TestData.Root, "tests", "QuantBuild.Tests", "Text", "Files", name);

    internal static UnigramTokenizer FromJson { get; } = new(TokenizerJson.Read(Path.Combine(Folder, "tokenizer.json")));

    private static UnigramTokenizer FromModel { get; } = new(SentencePieceModel.Read(Path.Combine(Folder, "spiece.model")));

    [Fact]
    public void Golden_prompts_get_the_official_ids()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("text.safetensors"));
        string[] prompts = JsonSerializer.Deserialize<string[]>(File.ReadAllText(TestData.Golden("text.json")))!;
        for (int i = 0; i < prompts.Length; i++)
        {
            long[] expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(golden.Bytes($"prompt.{i}.ids")).ToArray();
            Assert.Equal(expected, FromJson.Encode(prompts[i], Limit).Select(id => (long)id));
            Assert.Equal(expected, FromModel.Encode(prompts[i], Limit).Select(id => (long)id));
        }
    }

    [Theory]
    [InlineData("calibration.jsonl")]
    [InlineData("eval.jsonl")]
    public void Prompts_of_the_sample_sets_get_the_ids_they_were_made_with(string set)
    {
        foreach (string line in File.ReadLines(TestData.TinyWan(set)))
        {
            using JsonDocument sample = JsonDocument.Parse(line);
            int[] expected = sample.RootElement.GetProperty("tokens").Deserialize<int[]>()!;
            Assert.Equal(expected, FromJson.Encode(sample.RootElement.GetProperty("prompt").GetString()!, Limit));
        }
    }

    [Theory]
    [InlineData("Zebra é 你 !")]
    [InlineData("ＦＵＬＬ width ﬁne ½ ㎞ \u200b x")]
    [InlineData("e\u0301 combining, \ud83d\ude00 emoji and \ud800 half a pair")]
    [InlineData("</s> <pad> <0x41> ▁")]
    [InlineData("\t\n\u00a0\u3000\u001f")]
    public void Both_files_of_a_tokenizer_cut_any_text_alike(string text) =>
        Assert.Equal(FromModel.Encode(text, Limit), FromJson.Encode(text, Limit));

    [Fact]
    public void A_character_without_a_piece_becomes_its_bytes()
    {
        UnigramModel model = UnigramModel.Load(Folder);
        int[] ids = FromJson.Encode("你", Limit);
        // The space in front of the word comes first, the end mark last.
        Assert.Equal(["<0xE4>", "<0xBD>", "<0xA0>"], ids[^4..^1].Select(id => model.Pieces[id].Text));
    }

    [Theory]
    [InlineData(" \t big   red\u00a0star\n", "big red star")]
    [InlineData("cats &amp;amp; dogs", "cats & dogs")]
    [InlineData("ｂｉｇ", "big")]
    [InlineData("the cat\u2019s \u201cbig\u201d \u2018star\u201b &rdquo;", "the cat's \"big\" 'star' \"")]
    [InlineData("\ufeffbig\u0007 s\u001ftar\u200b", "big star\u200b")]
    public void Spaces_collapse_entities_decode_quotes_straighten_and_compatible_characters_are_unified(string text, string same) =>
        Assert.Equal(FromJson.Encode(same, Limit), FromJson.Encode(text, Limit));

    [Fact]
    public void Texts_get_the_ids_of_the_tokenizers_library()
    {
        // Made with version 0.22 of Hugging Face's library of TinyWan's tokenizer.json: kana, ligatures, jamo, emoji, marks and bytes that
        // a text spells.
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(FileOf("tokenizers.json")));
        foreach (JsonElement entry in cases.RootElement.EnumerateArray())
        {
            string text = entry[0].GetString()!;
            int[] expected = entry[1].Deserialize<int[]>()!;
            Assert.True(expected.SequenceEqual(FromJson.Encode(text, 512)),
                $"{text}: {string.Join(' ', FromJson.Encode(text, 512))} instead of {string.Join(' ', expected)}");
            Assert.Equal(expected, FromModel.Encode(text, 512));
        }
    }

    [Fact]
    public void Entities_decode_as_html_unescape_of_Python_does()
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(FileOf("html-unescape.json")));
        foreach (JsonElement entry in cases.RootElement.EnumerateArray())
            Assert.Equal(entry[1].GetString(), HtmlEntities.Unescape(entry[0].GetString()!));
    }

    [Fact]
    public void Half_width_kana_with_a_voicing_mark_is_taken_apart() =>
    Assert.Equal([301, 230, 133, 174, 230, 133, 156, 1], FromJson.Encode("\uff76\uff9e", Limit));

    [Fact]
    public void Marks_and_bytes_that_a_prompt_spells_get_their_ids()
    {
        Assert.Equal([259, 1, 322, 1], FromJson.Encode("a </s> b", Limit));
        Assert.Equal([301, 68, 1], FromJson.Encode("<0x41>", Limit));
    }

    [Fact]
    public void The_tokens_of_a_whole_prompt_are_counted() =>
        Assert.Equal(101, FromJson.Count(string.Join(' ', Enumerable.Repeat("star", 100))));

    [Fact]
    public void A_long_prompt_is_cut_off_before_the_end_mark()
    {
        int[] ids = FromJson.Encode(string.Join(' ', Enumerable.Repeat("star", 100)), Limit);
        Assert.Equal(Limit, ids.Length);
        Assert.Equal(1, ids[^1]);
    }

    [Fact]
    public void Of_equally_probable_cuts_the_one_with_the_longest_last_piece_wins()
    {
        VocabularyPiece[] pieces =
        [
            new("<unk>", 0, PieceKind.Unknown), new("</s>", 0, PieceKind.Control),
            new("▁a", -2, PieceKind.Normal), new("bc", -1, PieceKind.Normal), new("▁ab", -1, PieceKind.Normal),
                new("c", -2, PieceKind.Normal),
        ];
        var tokenizer = new UnigramTokenizer(new UnigramModel(pieces, ByteFallback: false, CharacterMap: null));
        Assert.Equal([2, 3, 1], tokenizer.Encode("abc", Limit));
    }

    [Fact]
    public void Without_byte_fallback_neighbouring_unknown_characters_are_one_token()
    {
        VocabularyPiece[] pieces = [new("<unk>", 0, PieceKind.Unknown), new("</s>", 0, PieceKind.Control), new("▁a", -1, PieceKind.Normal)];
        var tokenizer = new UnigramTokenizer(new UnigramModel(pieces, ByteFallback: false, CharacterMap: null));
        Assert.Equal([2, 0, 2, 1], tokenizer.Encode("axyz a", Limit));
    }

    [Theory]
    [InlineData("\"type\": \"Unigram\"", "\"type\": \"BPE\"", "BPE")]
    [InlineData("\"type\": \"Strip\"", "\"type\": \"Lowercase\"", "Lowercase")]
    [InlineData("\"unk_id\": 2", "\"unk_id\": \"two\"", "tokenizer.json")]
    public void A_tokenizer_of_another_kind_is_refused(string old, string replacement, string expected)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("qb-tok").FullName, "tokenizer.json");
        string text = File.ReadAllText(Path.Combine(Folder, "tokenizer.json"));
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));

        var error = Assert.Throws<InvalidDataException>(() => TokenizerJson.Read(path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void A_cut_off_model_file_is_refused_and_never_crashes()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Folder, "spiece.model"));
        string path = Path.GetTempFileName();
        for (int length = 1; length < whole.Length; length += 997)
        {
            File.WriteAllBytes(path, whole[..length]);
            try
            {
                _ = new UnigramTokenizer(SentencePieceModel.Read(path));
                // A cut between two fields leaves a shorter vocabulary, never a wrong one, as the byte pieces come first.
                Assert.True(length > 4000);
            }
            catch (InvalidDataException)
            {
                // The expected answer.
            }
        }
        File.Delete(path);
    }
}
