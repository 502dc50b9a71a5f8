using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// Plain weights in bfloat16 in the folders, files and names of the Diffusers library: they take the place of those in a copy of its
/// repository.
/// </summary>
internal sealed class DiffusersLayout : ILayout
{
    /// <summary>The text length of every model that the library converts; it has no field for another one.</summary>
    private const int TextLength = 512;

    public string DirectoryOf(string expert) => expert == ExpertNames.HighNoise ? "transformer" : "transformer_2";

    public void Write(PackedExpert expert)
    {
        expert.Add("config.json", CanonicalJson.SerializeIndented(Configuration(expert.Plan.Config)));
        expert.AddSharded(DequantizedLayout.Tensors(expert, WanNames.Diffusers));
    }

    private static JsonObject Configuration(WanConfig config)
    {
        var json = new JsonObject
        {
            ["_class_name"] = "WanTransformer3DModel",
            ["added_kv_proj_dim"] = null,
            ["attention_head_dim"] = config.HeadDim,
            ["cross_attn_norm"] = true,
            ["eps"] = config.Eps,
            ["ffn_dim"] = config.FfnDim,
            ["freq_dim"] = config.FreqDim,
            ["image_dim"] = null,
            ["in_channels"] = config.InDim,
            ["num_attention_heads"] = config.NumHeads,
            ["num_layers"] = config.NumLayers,
            ["out_channels"] = config.OutDim,
            ["patch_size"] = new JsonArray(1, 2, 2),
            ["pos_embed_seq_len"] = null,
            ["qk_norm"] = "rms_norm_across_heads",
            ["rope_max_seq_len"] = 1024,
            ["text_dim"] = config.TextDim,
        };
        if (config.TextLen != TextLength)
            json["text_len"] = config.TextLen;
        return json;
    }
}
