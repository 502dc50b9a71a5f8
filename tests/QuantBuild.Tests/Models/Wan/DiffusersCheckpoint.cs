using System.Text.Json.Nodes;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

/// <summary>The tiny checkpoint in the layout of the Diffusers library, written to a folder.</summary>
internal static class DiffusersCheckpoint
{
    /// <summary>The names of a block's tensors, original and Diffusers, as formats.md has them.</summary>
    public static readonly IReadOnlyDictionary<string, string> BlockNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["modulation"] = "scale_shift_table",
        ["norm3.weight"] = "norm2.weight",
        ["norm3.bias"] = "norm2.bias",
        ["ffn.0.weight"] = "ffn.net.0.proj.weight",
        ["ffn.0.bias"] = "ffn.net.0.proj.bias",
        ["ffn.2.weight"] = "ffn.net.2.weight",
        ["ffn.2.bias"] = "ffn.net.2.bias",
        ["self_attn.norm_q.weight"] = "attn1.norm_q.weight",
        ["self_attn.norm_k.weight"] = "attn1.norm_k.weight",
        ["cross_attn.norm_q.weight"] = "attn2.norm_q.weight",
        ["cross_attn.norm_k.weight"] = "attn2.norm_k.weight",
        ["self_attn.q.weight"] = "attn1.to_q.weight",
        ["self_attn.q.bias"] = "attn1.to_q.bias",
        ["self_attn.k.weight"] = "attn1.to_k.weight",
        ["self_attn.k.bias"] = "attn1.to_k.bias",
        ["self_attn.v.weight"] = "attn1.to_v.weight",
        ["self_attn.v.bias"] = "attn1.to_v.bias",
        ["self_attn.o.weight"] = "attn1.to_out.0.weight",
        ["self_attn.o.bias"] = "attn1.to_out.0.bias",
        ["cross_attn.q.weight"] = "attn2.to_q.weight",
        ["cross_attn.q.bias"] = "attn2.to_q.bias",
        ["cross_attn.k.weight"] = "attn2.to_k.weight",
        ["cross_attn.k.bias"] = "attn2.to_k.bias",
        ["cross_attn.v.weight"] = "attn2.to_v.weight",
        ["cross_attn.v.bias"] = "attn2.to_v.bias",
        ["cross_attn.o.weight"] = "attn2.to_out.0.weight",
        ["cross_attn.o.bias"] = "attn2.to_out.0.bias",
    };

    /// <summary>The names of all other tensors.</summary>
    public static readonly IReadOnlyDictionary<string, string> GlobalNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["patch_embedding.weight"] = "patch_embedding.weight",
        ["patch_embedding.bias"] = "patch_embedding.bias",
        ["text_embedding.0.weight"] = "condition_embedder.text_embedder.linear_1.weight",
        ["text_embedding.0.bias"] = "condition_embedder.text_embedder.linear_1.bias",
        ["text_embedding.2.weight"] = "condition_embedder.text_embedder.linear_2.weight",
        ["text_embedding.2.bias"] = "condition_embedder.text_embedder.linear_2.bias",
        ["time_embedding.0.weight"] = "condition_embedder.time_embedder.linear_1.weight",
        ["time_embedding.0.bias"] = "condition_embedder.time_embedder.linear_1.bias",
        ["time_embedding.2.weight"] = "condition_embedder.time_embedder.linear_2.weight",
        ["time_embedding.2.bias"] = "condition_embedder.time_embedder.linear_2.bias",
        ["time_projection.1.weight"] = "condition_embedder.time_proj.weight",
        ["time_projection.1.bias"] = "condition_embedder.time_proj.bias",
        ["head.modulation"] = "scale_shift_table",
        ["head.head.weight"] = "proj_out.weight",
        ["head.head.bias"] = "proj_out.bias",
    };

    /// <summary>The library's name of a tensor.</summary>
    public static string NameOf(string original)
    {
        if (GlobalNames.TryGetValue(original, out string? name))
            return name;
        string[] parts = original.Split('.', 3);
        return $"blocks.{parts[1]}.{BlockNames[parts[2]]}";
    }

    /// <summary>Writes the whole checkpoint; text encoder, tokenizer and autoencoder are links to the original.</summary>
    public static void Write(string folder, double boundary = 0.9)
    {
        WriteExpert(Path.Combine(folder, "transformer"), "high_noise_model");
        WriteExpert(Path.Combine(folder, "transformer_2"), "low_noise_model");
        foreach (string part in (string[])["text_encoder", "tokenizer", "vae"])
            Directory.CreateSymbolicLink(Path.Combine(folder, part), TestData.TinyWan("checkpoint", part));
        File.WriteAllText(Path.Combine(folder, "model_index.json"), new JsonObject
        {
            ["_class_name"] = "WanImageToVideoPipeline",
            ["boundary_ratio"] = boundary,
            ["transformer"] = new JsonArray("diffusers", "WanTransformer3DModel"),
            ["transformer_2"] = new JsonArray("diffusers", "WanTransformer3DModel"),
        }.ToJsonString());
    }

    private static void WriteExpert(string folder, string original)
    {
        Directory.CreateDirectory(folder);
        string source = TestData.TinyWan("checkpoint", original);
        using ShardedCheckpoint tensors = ShardedCheckpoint.Open(source);
        WanConfig config = WanConfig.Load(Path.Combine(source, "config.json"));
        SafeTensorsWriter.Write(Path.Combine(folder, "diffusion_pytorch_model.safetensors"),
            [.. tensors.Tensors.Keys.Select(name => TensorData.Copy(tensors, name, NameOf(name)))]);
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["_class_name"] = "WanTransformer3DModel",
            ["added_kv_proj_dim"] = null,
            ["attention_head_dim"] = config.HeadDim,
            ["cross_attn_norm"] = true,
            ["eps"] = 1e-6,
            ["ffn_dim"] = config.FfnDim,
            ["freq_dim"] = config.FreqDim,
            ["in_channels"] = config.InDim,
            ["num_attention_heads"] = config.NumHeads,
            ["num_layers"] = config.NumLayers,
            ["out_channels"] = config.OutDim,
            ["patch_size"] = new JsonArray(1, 2, 2),
            ["qk_norm"] = "rms_norm_across_heads",
            ["text_dim"] = config.TextDim,
            ["text_len"] = config.TextLen,
        }.ToJsonString());
    }
}
