using System.Globalization;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>What a file of tensors is, by names, shapes and element types; docs/sources.md says where the facts come from.</summary>
/// <param name="Model">The model or part of one, such as <c>an expert of Wan2.2-I2V-A14B</c>; null when nothing fits.</param>
/// <param name="Names">Whose names it uses; null when it is no model.</param>
/// <param name="Weights">How its matrices are stored.</param>
/// <param name="Expert">The expert that the file's name speaks of, <c>high_noise</c> or <c>low_noise</c>; null when it tells none.</param>
internal sealed record FileIdentity(string? Model, string? Names, string? Weights, string? Expert)
{
    private const int UsualLatent = 16;

    /// <summary>Recognizes a file.</summary>
    /// <param name="fileName">Its name, which may tell the expert.</param>
    /// <param name="tensors">Its tensors.</param>
    public static FileIdentity Of(string fileName, IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        string? weights = WeightsOf(tensors);
        if (LoraOf(tensors) is { } lora)
            return new FileIdentity(lora, null, weights, ExpertOf(fileName));
        var names = CheckpointNames.Of(tensors.Keys, _ => fileName);
        string spelling = (names.IsDiffusers ? "Diffusers" : "original") + " names"
            + (names.InFile.Any(entry => entry.Value.Contains("diffusion_model.", StringComparison.Ordinal))
                ? " with ComfyUI's prefix"
                : "");
        Dictionary<string, TensorInfo> original = names.InFile.ToDictionary(entry => entry.Key, entry => tensors[entry.Value],
            StringComparer.Ordinal);
        return DenoiserOf(original) is { } denoiser ? new FileIdentity(denoiser, spelling, weights, ExpertOf(fileName))
            : PartOf(original) is { } part ? new FileIdentity(part, null, weights, null)
            : new FileIdentity(null, null, weights, null);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", new[]
    {
        Model ?? "nothing that QuantBuild knows",
        Expert is null ? null : $"by its name the {Expert} expert",
        Names,
        Weights,
    }.OfType<string>());

    private static string? DenoiserOf(Dictionary<string, TensorInfo> tensors)
    {
        if (!tensors.TryGetValue("patch_embedding.weight", out TensorInfo? patch) || patch.Shape.Count != 5
            || !tensors.ContainsKey("blocks.0.ffn.0.weight"))
            return null;
        if (WanFamily.OtherOf(tensors) is { } other)
            return other;
        int blocks = 0;
        while (tensors.ContainsKey(WanTensors.BlockPrefix(blocks) + "ffn.0.weight"))
            blocks++;
        // A shard may have the one and not the other; latents of the family have 16 channels.
        bool isText = tensors.TryGetValue("head.head.weight", out TensorInfo? head) && head.Shape.Count > 0
            ? patch.Shape[1] * Kernels.Patches.Size == head.Shape[0]
            : patch.Shape[1] <= UsualLatent;
        return (patch.Shape[0], patch.Shape[1], blocks) switch
        {
            (5120, 36, 40) => "an expert of Wan2.2-I2V-A14B",
            (5120, 16, 40) => "an expert of Wan2.2-T2V-A14B, or Wan2.1-T2V-14B, which has the same shapes",
            _ => string.Create(CultureInfo.InvariantCulture,
                $"an expert of a Wan {(isText ? "text" : "image")}-to-video model with {blocks} blocks of width {patch.Shape[0]}"),
        };
    }

    private static string? PartOf(Dictionary<string, TensorInfo> tensors) =>
        tensors.ContainsKey("token_embedding.weight") || tensors.ContainsKey("encoder.block.0.layer.0.SelfAttention.q.weight")
            ? "a UMT5 text encoder"
        : Latent(tensors, "conv2.weight") is { } official ? Autoencoder(official)
        : Latent(tensors, "post_quant_conv.weight") is { } diffusers ? Autoencoder(diffusers)
        : null;

    private static long? Latent(Dictionary<string, TensorInfo> tensors, string name) =>
        tensors.TryGetValue(name, out TensorInfo? tensor) && tensor.Shape is [var channels, var same, 1, 1, 1] && channels == same
        && tensors.Keys.Any(key => key.StartsWith("decoder.", StringComparison.Ordinal)) ? channels : null;

    private static string Autoencoder(long channels) => channels switch
    {
        16 => "the video autoencoder of Wan2.1, which Wan2.2-A14B uses",
        48 => "the video autoencoder of Wan2.2-TI2V-5B",
        _ => string.Create(CultureInfo.InvariantCulture, $"a video autoencoder of {channels} latent channels"),
    };

    private static string? LoraOf(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        if (tensors.Keys.Select(LoraKey.Unsupported).OfType<string>().FirstOrDefault() is { } kind)
            return $"a {kind}, which cannot be merged";
        LoraKey[] keys = [.. tensors.Keys.Select(LoraKey.Parse).OfType<LoraKey>()];
        if (keys.Length * 2 < tensors.Count || keys.Length == 0)
            return null;
        int[] ranks = [.. tensors.Values.Where(tensor => tensor.Shape.Count > 0 && LoraKey.Parse(tensor.Name) is { Part: LoraPart.Down })
            .Select(tensor => (int)tensor.Shape[0]).Distinct().Order()];
        string spelling = keys.Any(key => key.Flat) ? "Kohya's names" : "names with dots";
        int modules = keys.Select(key => key.Module).Distinct(StringComparer.Ordinal).Count();
        return string.Create(CultureInfo.InvariantCulture, $"a LoRA of {modules} layers, {spelling}")
            + (ranks.Length == 0 ? ", whole differences only"
                : ranks.Length == 1 ? string.Create(CultureInfo.InvariantCulture, $", rank {ranks[0]}")
                : string.Create(CultureInfo.InvariantCulture, $", ranks {ranks[0]} to {ranks[^1]}"));
    }

    private static string? WeightsOf(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        if (tensors.Keys.Any(name => name.EndsWith(".weight_packed", StringComparison.Ordinal)))
            return "weights packed in 4 bits (compressed-tensors)";
        if (tensors.Keys.Any(name => name.Contains(".quant_state", StringComparison.Ordinal)))
            return "weights in 4 bits of bitsandbytes";
        var types = tensors.Values.Where(tensor => tensor.Shape.Count == 2).GroupBy(tensor => tensor.DType)
            .OrderByDescending(group => group.Sum(tensor => tensor.ByteLength)).Select(group => group.Key).ToList();
        return types.Count == 0 ? null : types[0] switch
        {
            DType.F8_E4M3 or DType.F8_E5M2 => "weights in 8-bit floats " + (tensors.Keys.Any(IsScale) ? "with scales" : "without scales"),
            DType.I8 => "weights in 8-bit integers",
            DType type => $"weights in {type}",
        };
    }

    private static bool IsScale(string name) =>
        name.EndsWith(".scale_weight", StringComparison.Ordinal) || name.EndsWith(".weight_scale", StringComparison.Ordinal);

    private static string? ExpertOf(string fileName) => Manifests.ExpertNames.In(fileName)
        ?? (fileName.Contains("high", StringComparison.OrdinalIgnoreCase) ? Manifests.ExpertNames.HighNoise
        : fileName.Contains("_low", StringComparison.OrdinalIgnoreCase) ? Manifests.ExpertNames.LowNoise
        : null);
}
