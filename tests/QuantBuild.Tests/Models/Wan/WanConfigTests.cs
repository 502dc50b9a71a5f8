using System.Text.Json.Nodes;
using QuantBuild.Models.Wan;

namespace QuantBuild.Tests.Models.Wan;

public sealed class WanConfigTests : IDisposable
{
    private const string Official = """
        {
          "_class_name": "WanModel", "_diffusers_version": "0.33.0", "dim": 5120, "eps": 1e-06, "ffn_dim": 13824, "freq_dim": 256,
          "in_dim": 36, "model_type": "i2v", "num_heads": 40, "num_layers": 40, "out_dim": 16, "text_len": 512
        }
        """;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Fact]
    public void The_official_configuration_is_read_and_its_text_width_assumed()
    {
        WanConfig config = Load(Official);

        Assert.Equal(new WanConfig { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16, TextLen = 512,
            TextDim = 4096, FreqDim = 256, Eps = 1e-6f }, config);
        Assert.Equal((128, 20), (config.HeadDim, config.ConditionDim));
    }

    private const string Diffusers = """
        {
          "_class_name": "WanTransformer3DModel", "added_kv_proj_dim": null, "attention_head_dim": 128, "cross_attn_norm": true, "eps": 1e-06,
          "ffn_dim": 13824, "freq_dim": 256, "image_dim": null, "in_channels": 36, "num_attention_heads": 40, "num_layers": 40, "out_channels": 16,
          "patch_size": [1, 2, 2], "qk_norm": "rms_norm_across_heads", "text_dim": 4096
        }
        """;

    [Fact]
    public void The_diffusers_configuration_of_a_model_is_its_original_one()
    {
        Assert.Equal(Load(Official), Load(Diffusers));
        Assert.Equal(Load(Official), WanConfig.Parse(Load(Diffusers).ToJson(), "memory"));
    }

    [Theory]
    [InlineData("added_kv_proj_dim", "\"5120\"")]
    [InlineData("qk_norm", "\"rms_norm\"")]
    [InlineData("in_channels", "15")]
    [InlineData("attention_head_dim", "1048576")]
    [InlineData("num_layers", "null")]
    public void A_diffusers_configuration_of_another_model_is_refused(string field, string value)
    {
        JsonObject json = JsonNode.Parse(Diffusers)!.AsObject();
        json[field] = JsonNode.Parse(value);
        Assert.Contains(field == "in_channels" ? "in_dim" : field, Refusal(json.ToJsonString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"dim": 5120, "dim": 192}""")]
    [InlineData("""{"model_type": "\ud800"}""")]
    [InlineData("""{"\ud800": 1, "model_type": "i2v"}""")]
    [InlineData("""{"num_attention_heads": 2, "_class_name": "\udc00"}""")]
    public void A_repeated_key_and_half_a_surrogate_pair_are_refused(string text) => Refusal(text);

    [Fact]
    public void The_tiny_models_configurations_are_read()
    {
        WanConfig expected = new() { Dim = 192, FfnDim = 512, NumHeads = 3, NumLayers = 6, InDim = 36, OutDim = 16, TextLen = 64,
            TextDim = 128, FreqDim = 256, Eps = 1e-6f };
        Assert.Equal(expected, TinyWan.Config("high"));
        Assert.Equal(expected, TinyWan.Config("low"));
    }

    [Theory]
    [InlineData("model_type")]
    [InlineData("dim")]
    [InlineData("ffn_dim")]
    [InlineData("num_heads")]
    [InlineData("num_layers")]
    [InlineData("in_dim")]
    [InlineData("out_dim")]
    [InlineData("text_len")]
    [InlineData("freq_dim")]
    [InlineData("eps")]
    public void A_missing_field_is_named(string field)
    {
        JsonObject json = JsonNode.Parse(Official)!.AsObject();
        json.Remove(field);
        Assert.Contains($"'{field}' is missing", Refusal(json.ToJsonString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_type", "\"t2i\"")]
    [InlineData("model_type", "7")]
    [InlineData("dim", "0")]
    [InlineData("dim", "-5120")]
    [InlineData("dim", "5120.5")]
    [InlineData("dim", "\"5120\"")]
    [InlineData("dim", "5121")]
    [InlineData("dim", "1e300")]
    [InlineData("num_heads", "39")]
    [InlineData("num_heads", "5120")]
    [InlineData("num_layers", "null")]
    [InlineData("ffn_dim", "2000000")]
    [InlineData("freq_dim", "255")]
    [InlineData("in_dim", "16")]
    [InlineData("text_dim", "0")]
    [InlineData("eps", "0")]
    [InlineData("eps", "1")]
    [InlineData("eps", "\"small\"")]
    [InlineData("patch_size", "[1,4,4]")]
    [InlineData("window_size", "[8,8]")]
    [InlineData("qk_norm", "false")]
    [InlineData("cross_attn_norm", "false")]
    public void A_wrong_field_is_named(string field, string value)
    {
        JsonObject json = JsonNode.Parse(Official)!.AsObject();
        json[field] = JsonNode.Parse(value);
        Assert.Contains($"'{field}'", Refusal(json.ToJsonString()), StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_at_their_defaults_are_accepted()
    {
        JsonObject json = JsonNode.Parse(Official)!.AsObject();
        json["patch_size"] = new JsonArray(1, 2, 2);
        json["window_size"] = new JsonArray(-1, -1);
        json["qk_norm"] = true;
        json["cross_attn_norm"] = true;
        json["text_dim"] = 128;
        Assert.Equal(128, Load(json.ToJsonString()).TextDim);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"dim\"")]
    public void Anything_but_a_json_object_is_refused(string text) =>
        Assert.Contains(_path, Refusal(text), StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_an_io_error() => Assert.Throws<FileNotFoundException>(() => WanConfig.Load(_path));

    public void Dispose() => File.Delete(_path);

    private WanConfig Load(string text)
    {
        File.WriteAllText(_path, text);
        return WanConfig.Load(_path);
    }

    private string Refusal(string text) => Assert.Throws<InvalidDataException>(() => Load(text)).Message;
}
