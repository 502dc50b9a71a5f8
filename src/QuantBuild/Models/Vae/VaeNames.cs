using System.Globalization;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Vae;

/// <summary>The names of the autoencoder's tensors in the Diffusers library's checkpoints.</summary>
internal static class VaeNames
{
    private static readonly (string Ours, string Theirs)[] Parts =
    [
        (".residual.0.", ".norm1."), (".residual.2.", ".conv1."), (".residual.3.", ".norm2."), (".residual.6.", ".conv2."),
            (".shortcut.", ".conv_shortcut."),
    ];

    /// <summary>A checkpoint's tensors under their official names.</summary>
    public static ITensorSource Official(VaeConfig config, ITensorSource source) =>
        source.Tensors.ContainsKey("encoder.conv_in.weight") ? new RenamedTensors(source, Diffusers(config, source)) : source;

    /// <summary>Official names, each with the library's, of the tensors that a checkpoint has.</summary>
    public static Dictionary<string, string> Diffusers(VaeConfig config, ITensorSource source)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string theirs in source.Tensors.Keys)
            names[Official(config, theirs)] = theirs;
        return names;
    }

    /// <summary>The official name of a tensor; names that the library does not use stay.</summary>
    public static string Official(VaeConfig config, string name)
    {
        foreach ((string ours, string theirs) in Parts)
            name = name.Replace(theirs, ours, StringComparison.Ordinal);
        string[] parts = name.Split('.');
        string tail = parts[^1];
        return parts switch
        {
            ["quant_conv", _] => $"conv1.{tail}",
            ["post_quant_conv", _] => $"conv2.{tail}",
            [var half, "conv_in", _] => $"{half}.conv1.{tail}",
            [var half, "norm_out", _] => $"{half}.head.0.{tail}",
            [var half, "conv_out", _] => $"{half}.head.2.{tail}",
            [var half, "mid_block", "attentions", "0", .. var rest] => $"{half}.middle.1.{string.Join('.', rest)}",
            [var half, "mid_block", "resnets", var index, .. var rest] =>
                $"{half}.middle.{(index == "0" ? 0 : 2)}.{string.Join('.', rest)}",
            ["encoder", "down_blocks", var index, .. var rest] => $"encoder.downsamples.{index}.{string.Join('.', rest)}",
            ["decoder", "up_blocks", var stage, "resnets", var block, .. var rest] => Upsample(config, stage, Number(block), rest),
            ["decoder", "up_blocks", var stage, "upsamplers", "0", .. var rest] => Upsample(config, stage, config.ResidualBlocks + 1, rest),
            _ => name,
        };
    }

    /// <summary>The decoder's stages are one list in the official model: the residual blocks of a stage, then its upsampling.</summary>
    private static string Upsample(VaeConfig config, string stage, int place, string[] rest)
    {
        int index = (Number(stage) * (config.ResidualBlocks + 2)) + place;
        return string.Create(CultureInfo.InvariantCulture, $"decoder.upsamples.{index}.{string.Join('.', rest)}");
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        ? number
        : -1;
}
