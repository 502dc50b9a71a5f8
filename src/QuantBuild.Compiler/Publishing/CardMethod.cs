using QuantBuild.Artifacts;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Publishing;

/// <summary>What was done to an artifact's layers, as a model card says it: only what the artifact has.</summary>
internal sealed record CardMethod
{
    private CardMethod(string text, IReadOnlyList<string> tags)
    {
        Text = text;
        Tags = tags;
    }

    /// <summary>A sentence's part, such as <c>MXFP4 weights and activations (W4A4), smoothing and GPTQ</c>.</summary>
    public string Text { get; }

    /// <summary>Tags of the front matter.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Reads it off the descriptor's layers.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="gptq">Whether GPTQ rounded the weights, which only the build's lock tells.</param>
    public static CardMethod Of(ArtifactDescriptor artifact, bool gptq)
    {
        ArtifactLayer[] layers = [.. artifact.Experts.Values.SelectMany(expert => expert.Layers.Values).Where(layer => layer.IsQuantized)];
        int full = layers.Count(layer => layer.Precision == ArtifactLayer.W4A4), weightsOnly = layers.Length - full;
        bool rank = layers.Any(layer => layer.Rank > 0), smooth = layers.Any(layer => layer.Smooth);
        bool clips = layers.Any(layer => layer.Clips.Any(clip => clip != ClipSetting.None));
        string[] parts = [
            full == 0 ? "MXFP4 weights (W4A16)" : weightsOnly == 0
                ? "MXFP4 weights and activations (W4A4)"
                : $"MXFP4 weights and activations (W4A4; in {weightsOnly} of {layers.Length} layers weights alone)",
            .. smooth ? (string[])["smoothing"] : [],
            .. rank ? (string[])["a low-rank branch"] : [],
            .. gptq ? (string[])["GPTQ"] : [],
            .. clips ? (string[])["clip ratios by timestep"] : []];
        string[] tags = ["mxfp4", full > 0 ? "w4a4" : "w4a16", .. rank ? (string[])["svdquant"] : [], .. gptq ? (string[])["gptq"] : []];
        return layers.Length == 0 ? new CardMethod("no layer is quantized", [])
            : new CardMethod(parts.Length == 1 ? parts[0] : $"{string.Join(", ", parts[..^1])} and {parts[^1]}", tags);
    }
}
