using System.Text.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>
/// The models of the Wan family that are not supported, by what only they have. docs/sources.md says where the facts come from.
/// </summary>
internal static class WanFamily
{
    private const string Animate = "Wan2.2-Animate-14B", Speech = "Wan2.2-S2V-14B", Unified = "Wan2.2-TI2V-5B", Vace = "Wan VACE",
        Image21 = "Wan2.1-I2V-14B", Text21 = "Wan2.1-T2V-1.3B", FirstLast21 = "Wan2.1-FLF2V-14B";

    // Latent channels of the autoencoder that TI2V-5B alone has.
    private const int UnifiedLatent = 48;

    // Width of the small model of Wan2.1.
    private const int SmallWidth = 1536;

    private static readonly (string Part, string Model)[] Parts =
    [
        ("vace_blocks.", Vace),
        ("vace_patch_embedding.", Vace),
        ("casual_audio_encoder.", Speech),
        ("audio_injector.", Speech),
        ("face_adapter.", Animate),
        ("face_encoder.", Animate),
        ("motion_encoder.", Animate),
        ("pose_patch_embedding.", Animate),
        ("control_adapter.", "Wan Fun (camera control)"),
        ("img_emb.", Image21),
        ("blocks.0.cross_attn.k_img.", Image21),
        ("condition_embedder.image_embedder.", Image21),
        ("blocks.0.attn2.add_k_proj.", Image21),
    ];

    /// <summary>The model that tensors are of and that is not supported; null for an expert of Wan2.2-A14B, or a stranger.</summary>
    /// <param name="tensors">Tensors by their original names; those that only the Diffusers library has, by its names.</param>
    public static string? OtherOf(IReadOnlyDictionary<string, TensorInfo> tensors) =>
        Parts.Where(other => tensors.Keys.Any(name => name.StartsWith(other.Part, StringComparison.Ordinal)))
            .Select(other => other.Model).FirstOrDefault()
        ?? (tensors.TryGetValue("patch_embedding.weight", out TensorInfo? patch) && patch.Shape is [var dim, var channels, ..]
            && tensors.TryGetValue("head.head.weight", out TensorInfo? head) && head.Shape is [var outputs, _]
            ? Of(dim, channels, outputs / Kernels.Patches.Size)
            : null);

    /// <summary>The model that a <c>config.json</c> is of and that is not supported; null as above.</summary>
    /// <param name="config">An object, with the original fields or those of the Diffusers library.</param>
    public static string? OtherOf(JsonElement config)
    {
        string type = Text(config, "model_type"), name = Text(config, "_class_name");
        if (Says("animate"))
            return Animate;
        if (Says("s2v"))
            return Speech;
        if (Says("vace") || config.TryGetProperty("vace_layers", out _))
            return Vace;
        if (type == "ti2v")
            return Unified;
        if (type == "flf2v" || Number(config, "pos_embed_seq_len") is not null)
            return FirstLast21;
        if (Number(config, "image_dim") is not null || Number(config, "added_kv_proj_dim") is not null)
            return Image21;
        long dim = Number(config, "dim") ?? (Number(config, "num_attention_heads") * Number(config, "attention_head_dim")) ?? 0;
        return Of(dim, Number(config, "in_dim") ?? Number(config, "in_channels") ?? 0,
            Number(config, "out_dim") ?? Number(config, "out_channels") ?? 0);

        bool Says(string word) => type == word || name.Contains(word, StringComparison.OrdinalIgnoreCase);
    }

    private static string? Of(long dim, long channels, long outputs) =>
        outputs == UnifiedLatent && channels == UnifiedLatent ? Unified
        : dim == SmallWidth && channels == outputs ? Text21
        : null;

    private static string Text(JsonElement config, string field) =>
        config.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static long? Number(JsonElement config, string field) =>
        config.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
        ? number : null;
}
