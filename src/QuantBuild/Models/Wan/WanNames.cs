namespace QuantBuild.Models.Wan;

/// <summary>The names of an expert's tensors in the Diffusers library's checkpoints.</summary>
internal static class WanNames
{
    /// <summary>A tensor that only the library's layout has.</summary>
    public const string Mark = "condition_embedder.time_proj.weight";

    /// <summary>The original name of a tensor; null for a name that the library does not use.</summary>
    public static string? Original(string name) => name.Split('.') switch
    {
        ["patch_embedding", var part] => $"patch_embedding.{part}",
        ["condition_embedder", "time_embedder", "linear_1", var part] => $"time_embedding.0.{part}",
        ["condition_embedder", "time_embedder", "linear_2", var part] => $"time_embedding.2.{part}",
        ["condition_embedder", "text_embedder", "linear_1", var part] => $"text_embedding.0.{part}",
        ["condition_embedder", "text_embedder", "linear_2", var part] => $"text_embedding.2.{part}",
        ["condition_embedder", "time_proj", var part] => $"time_projection.1.{part}",
        ["proj_out", var part] => $"head.head.{part}",
        ["scale_shift_table"] => "head.modulation",
        ["blocks", var block, .. var rest] when OfBlock(rest) is { } original => $"blocks.{block}.{original}",
        _ => null,
    };

    /// <summary>The library's name of a tensor.</summary>
    /// <param name="name">Its original name.</param>
    /// <exception cref="ArgumentException">No expert has a tensor of this name.</exception>
    public static string Diffusers(string name) => name.Split('.') switch
    {
        ["patch_embedding", var part] => $"patch_embedding.{part}",
        ["time_embedding", "0", var part] => $"condition_embedder.time_embedder.linear_1.{part}",
        ["time_embedding", "2", var part] => $"condition_embedder.time_embedder.linear_2.{part}",
        ["text_embedding", "0", var part] => $"condition_embedder.text_embedder.linear_1.{part}",
        ["text_embedding", "2", var part] => $"condition_embedder.text_embedder.linear_2.{part}",
        ["time_projection", "1", var part] => $"condition_embedder.time_proj.{part}",
        ["head", "head", var part] => $"proj_out.{part}",
        ["head", "modulation"] => "scale_shift_table",
        ["blocks", var block, "modulation"] => $"blocks.{block}.scale_shift_table",
        ["blocks", var block, "norm3", var part] => $"blocks.{block}.norm2.{part}",
        ["blocks", var block, "self_attn", .. var rest] => $"blocks.{block}.attn1.{ToAttention(rest)}",
        ["blocks", var block, "cross_attn", .. var rest] => $"blocks.{block}.attn2.{ToAttention(rest)}",
        ["blocks", var block, "ffn", "0", var part] => $"blocks.{block}.ffn.net.0.proj.{part}",
        ["blocks", var block, "ffn", "2", var part] => $"blocks.{block}.ffn.net.2.{part}",
        _ => throw new ArgumentException($"'{name}' is no tensor of a Wan expert", nameof(name)),
    };

    private static string ToAttention(string[] name) => name switch
    {
        ["o", var part] => $"to_out.0.{part}",
        ["q" or "k" or "v", var part] => $"to_{name[0]}.{part}",
        _ => string.Join('.', name),
    };

    private static string? OfBlock(string[] name) => name switch
    {
        ["scale_shift_table"] => "modulation",
        // The library numbers the norms by their place: its second is the one that the original calls norm3.
        ["norm2", var part] => $"norm3.{part}",
        ["attn1", .. var rest] when OfAttention(rest) is { } original => $"self_attn.{original}",
        ["attn2", .. var rest] when OfAttention(rest) is { } original => $"cross_attn.{original}",
        ["ffn", "net", "0", "proj", var part] => $"ffn.0.{part}",
        ["ffn", "net", "2", var part] => $"ffn.2.{part}",
        _ => null,
    };

    private static string? OfAttention(string[] name) => name switch
    {
        ["to_q", var part] => $"q.{part}",
        ["to_k", var part] => $"k.{part}",
        ["to_v", var part] => $"v.{part}",
        ["to_out", "0", var part] => $"o.{part}",
        ["norm_q" or "norm_k", "weight"] => string.Join('.', name),
        _ => null,
    };
}
