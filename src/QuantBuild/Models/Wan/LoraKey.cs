namespace QuantBuild.Models.Wan;

/// <summary>What a tensor of a LoRA file is to the layer that it changes.</summary>
internal enum LoraPart
{
    /// <summary>A [rank, in].</summary>
    Down,

    /// <summary>B [out, rank].</summary>
    Up,

    /// <summary>The numerator of the scale alpha / rank; 0-dim or [1], a float or an integer.</summary>
    Alpha,

    /// <summary>A difference of the whole weight.</summary>
    Weight,

    /// <summary>A difference of the bias.</summary>
    Bias,

    /// <summary>A difference of a block's or the head's modulation.</summary>
    Modulation,
}

/// <summary>The name of a tensor in a LoRA file, taken apart; docs/sources.md lists the spellings and where they come from.</summary>
/// <param name="Module">The layer as the file spells it, without prefix: with dots, or with underscores throughout.</param>
/// <param name="Part">What the tensor is to it.</param>
/// <param name="Flat">Whether the module is spelled with underscores for dots (Kohya).</param>
internal readonly record struct LoraKey(string Module, LoraPart Part, bool Flat)
{
    private const string FlatPrefix = "lora_unet_";

    private static readonly string[] Prefixes =
        ["base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer_2.", "transformer.", "unet."];

    private static readonly (string Suffix, LoraPart Part)[] Suffixes =
    [
        (".lora_A.weight", LoraPart.Down), (".lora_B.weight", LoraPart.Up),
        (".lora_A.default.weight", LoraPart.Down), (".lora_B.default.weight", LoraPart.Up),
        (".lora_down.weight", LoraPart.Down), (".lora_up.weight", LoraPart.Up),
        (".lora.down.weight", LoraPart.Down), (".lora.up.weight", LoraPart.Up),
        (".alpha", LoraPart.Alpha),
        (".diff_m", LoraPart.Modulation), (".diff_b", LoraPart.Bias), (".diff", LoraPart.Weight),
    ];

    /// <summary>Takes a name apart; null for one that no LoRA of a known kind has.</summary>
    public static LoraKey? Parse(string name)
    {
        foreach ((string suffix, LoraPart part) in Suffixes)
        {
            if (!name.EndsWith(suffix, StringComparison.Ordinal) || name.Length == suffix.Length)
                continue;
            string module = name[..^suffix.Length];
            if (module.StartsWith(FlatPrefix, StringComparison.Ordinal))
                return new LoraKey(module[FlatPrefix.Length..].TrimStart('_'), part, Flat: true);
            foreach (string prefix in Prefixes)
            {
                if (module.StartsWith(prefix, StringComparison.Ordinal))
                    module = module[prefix.Length..];
            }
            return new LoraKey(module, part, Flat: false);
        }
        return null;
    }

    /// <summary>What a name belongs to that a LoRA cannot be merged for; null when it is none of these.</summary>
    public static string? Unsupported(string name) =>
        name.Contains("dora_scale", StringComparison.Ordinal) || name.Contains("lora_magnitude", StringComparison.Ordinal) ? "DoRA"
        : name.Contains(".hada_", StringComparison.Ordinal) ? "LoHa"
        : name.Contains(".lokr_", StringComparison.Ordinal) ? "LoKr"
        : name.Contains(".oft_", StringComparison.Ordinal) ? "OFT"
        : null;

    /// <summary>Whether a name is one of a change of the text encoder, in the spellings of Kohya and of the Diffusers library.</summary>
    public static bool IsOfTextEncoder(string name) => name.StartsWith("lora_te", StringComparison.Ordinal)
        || name.StartsWith("text_encoder", StringComparison.Ordinal) || name.StartsWith("text_encoders.", StringComparison.Ordinal);

    /// <summary>
    /// Whether a module is one of image cross-attention (<c>k_img</c>, <c>v_img</c>), which Wan2.1-I2V has and Wan2.2 has not: LoRAs made
    /// for both have its keys.
    /// </summary>
    public static bool IsOfImageBranch(string module)
    {
        string flat = module.Replace('.', '_');
        return flat.StartsWith("img_emb", StringComparison.Ordinal) || flat.EndsWith("_k_img", StringComparison.Ordinal)
            || flat.EndsWith("_v_img", StringComparison.Ordinal) || flat.EndsWith("_add_k_proj", StringComparison.Ordinal)
            || flat.EndsWith("_add_v_proj", StringComparison.Ordinal) || flat.EndsWith("_norm_added_k", StringComparison.Ordinal)
            || flat.StartsWith("condition_embedder_image_embedder", StringComparison.Ordinal);
    }
}
