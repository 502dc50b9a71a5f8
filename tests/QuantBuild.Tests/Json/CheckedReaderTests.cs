using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Json;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.SafeTensors;
using QuantBuild.Text;
using QuantBuild.Soak.Mutations;

namespace QuantBuild.Tests.Json;

public sealed class CheckedReaderTests
{
    private const string Largest = "9223372036854775807";

    [Theory]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{\"a\":\"\\udc00\\ud800\"}")]
    [InlineData("{\"a\":\"\\ud800x\\udc00\"}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":{\"b\":1,\"\\u0062\":2}}")]
    [InlineData("{\"a\":1}}")]
    [InlineData("")]
    public void What_would_surprise_a_reader_later_is_refused_at_once(string text) =>
        Assert.Throws<MalformedJsonException>(() => CheckedJson.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Bytes_that_are_not_utf8_too_many_levels_and_endless_numbers_are_refused()
    {
        Assert.Throws<MalformedJsonException>(() => CheckedJson.Parse(new byte[] { (byte)'"', 0xFF, (byte)'"' }));
        Assert.Throws<MalformedJsonException>(() => CheckedJson.Parse(Encoding.UTF8.GetBytes(new string('[', 65) + new string(']', 65))));
        Assert.Throws<MalformedJsonException>(() => CheckedJson.Parse(Encoding.UTF8.GetBytes(new string('9', 5000))));
    }

    [Theory]
    [InlineData("\"\\ud83d\\ude00\"")]
    [InlineData("\"\\\\ud800\"")]
    [InlineData("{\"a\":[1e300,\"\\u0041\",null,true,-0.5e-3]}")]
    public void What_is_well_formed_is_read(string text)
    {
        using System.Text.Json.JsonDocument document = CheckedJson.Parse(Encoding.UTF8.GetBytes(text));
        Assert.NotEqual(System.Text.Json.JsonValueKind.Undefined, document.RootElement.ValueKind);
    }

    [Theory]
    [InlineData("\"recipe\": []", "recipe")]
    [InlineData("\"recipe\": {\"x\":\"\\ud800\"}", "surrogate")]
    [InlineData("\"recipe\": {\"x\":1e999}", "number")]
    public void A_lock_file_with_a_value_of_another_kind_names_it(string recipe, string expected)
    {
        JsonObject root = JsonNode.Parse(Seed("lock"))!.AsObject();
        JsonObject layer = root["experts"]!["high_noise"]!["layers"]!.AsObject().First().Value!.AsObject();
        layer["recipe"] = "HERE";
        string text = root.ToJsonString().Replace("\"recipe\":\"HERE\"", recipe, StringComparison.Ordinal);

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() => LockFileJson.Parse(Encoding.UTF8.GetBytes(text), "x.quant.lock.json"));

        Assert.Equal("QB4022", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Contains(expected, failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_whose_sum_is_no_number_are_refused_by_lock_artifact_and_listing()
    {
        byte[] artifact = WithSizes(Seed("artifact"), "files");
        byte[] locked = WithSizes(Seed("lock"), "files");

        Assert.Throws<ArtifactException>(() => ArtifactDescriptor.Parse(artifact));
        Assert.Null(ArtifactListing.Read(artifact));
        Assert.Equal("QB4022", Assert.Throws<DiagnosticException>(() => LockFileJson.Parse(locked, "x")).Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_shape_without_elements_may_have_dimensions_whose_product_does_not_fit()
    {
        byte[] file = RawFile.Of($"{{{RawFile.Entry("a", "U8", $"[{Largest},2,0]", "[0,0]")}}}", 0);

        using SafeTensorsFile tensors = SafeTensorsFile.FromMemory(file);

        Assert.Equal(0, tensors.Tensors["a"].ElementCount);
    }

    [Theory]
    [InlineData("[[\"a\"]]")]
    [InlineData("[[\"a\",1,2]]")]
    [InlineData("[[1,\"a\"]]")]
    [InlineData("[\"a\"]")]
    [InlineData("[[\"a\",1e999]]")]
    [InlineData("{}")]
    public void Vocabulary_entries_that_are_no_pairs_are_refused(string vocabulary)
    {
        JsonObject root = JsonNode.Parse(Seed("tokenizer"))!.AsObject();
        root["model"]!["vocab"] = "HERE";
        byte[] text = Encoding.UTF8.GetBytes(root.ToJsonString().Replace("\"HERE\"", vocabulary, StringComparison.Ordinal));

        Assert.Throws<InvalidDataException>(() => TokenizerJson.Read(text, "tokenizer.json"));
    }

    [Theory]
    [InlineData("text-config")]
    [InlineData("vae-config")]
    [InlineData("dit-config")]
    public void A_configuration_that_is_not_utf8_is_refused_as_such(string reader)
    {
        ReaderTarget target = ReaderTargets.All.Single(one => one.Name == reader);
        byte[] text = [.. "{\"x\":\""u8, 0xFF, .. "\","u8, .. target.Seed.AsSpan(target.Seed.AsSpan().IndexOf((byte)'{') + 1)];

        InvalidDataException failure = Assert.Throws<InvalidDataException>(() => target.Read(text));

        Assert.Contains("UTF-8", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_of_a_text_encoder_whose_product_is_no_size_are_refused()
    {
        JsonObject config = JsonNode.Parse(Seed("text-config"))!.AsObject();
        config.Remove("dim_attn");
        config["num_heads"] = 1 << 20;
        config["d_kv"] = 1 << 20;

        Assert.Throws<InvalidDataException>(() => TextEncoderConfig.Parse(Encoding.UTF8.GetBytes(config.ToJsonString()), "config.json"));
    }

    private static byte[] WithSizes(byte[] seed, string files)
    {
        JsonNode root = JsonNode.Parse(seed)!;
        foreach ((_, JsonNode? expert) in root["experts"]!.AsObject())
        {
            JsonNode list = expert![files]!;
            foreach (JsonNode? file in list is JsonObject named ? [.. named.Select(entry => entry.Value)] : list.AsArray().ToArray())
                file!["size"] = long.MaxValue;
        }
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static byte[] Seed(string reader) => ReaderTargets.All.Single(target => target.Name == reader).Seed;
}
