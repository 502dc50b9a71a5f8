using System.Globalization;

namespace QuantBuild.Models.Vae;

/// <summary>Puts the layers of encoder and decoder together, which have the names of the official checkpoint.</summary>
/// <typeparam name="TLayer">What a layer is.</typeparam>
/// <param name="config">Shape of the autoencoder.</param>
internal abstract class VaeBuilder<TLayer>(VaeConfig config)
{
    /// <summary>Frames of three colours to mean and variance of the latent.</summary>
    public TLayer[] Encoder()
    {
        var layers = new List<TLayer> { Causal("encoder.conv1", 3, config.Dim) };
        int channels = config.Dim, index = 0;
        for (int stage = 0; stage < config.Multipliers.Length; stage++)
        {
            int width = config.Dim * config.Multipliers[stage];
            for (int block = 0; block < config.ResidualBlocks; block++, channels = width)
                layers.Add(Residual(Numbered("encoder.downsamples", index++), channels, width));
            if (stage < config.TemporalDownsampling.Length)
                layers.Add(Down(Numbered("encoder.downsamples", index++), width, config.TemporalDownsampling[stage]));
        }
        layers.AddRange(Middle("encoder.middle", channels));
        layers.Add(Normalized("encoder.head.0", "encoder.head.2", channels, 2 * config.LatentDim));
        layers.Add(Pointwise("conv1", 2 * config.LatentDim, 2 * config.LatentDim, 5));
        return [.. layers];
    }

    /// <summary>Latent to frames of three colours.</summary>
    public TLayer[] Decoder()
    {
        int channels = config.Dim * config.Multipliers[^1], index = 0;
        var layers = new List<TLayer> { Pointwise("conv2", config.LatentDim, config.LatentDim, 5),
            Causal("decoder.conv1", config.LatentDim, channels) };
        layers.AddRange(Middle("decoder.middle", channels));
        for (int stage = 0; stage < config.Multipliers.Length; stage++)
        {
            int width = config.Dim * config.Multipliers[^(stage + 1)];
            for (int block = 0; block <= config.ResidualBlocks; block++, channels = width)
                layers.Add(Residual(Numbered("decoder.upsamples", index++), channels, width));
            if (stage < config.TemporalDownsampling.Length)
            {
                layers.Add(Up(Numbered("decoder.upsamples", index++), width, config.TemporalDownsampling[^(stage + 1)]));
                channels = width / 2;
            }
        }
        layers.Add(Normalized("decoder.head.0", "decoder.head.2", channels, 3));
        return [.. layers];
    }

    /// <summary>Normalization, SiLU and convolution, twice, beside a shortcut.</summary>
    protected abstract TLayer Residual(string name, int from, int to);

    /// <summary>Attention with one head over the positions of each frame, beside a shortcut.</summary>
    protected abstract TLayer Attention(string name, int channels);

    /// <summary>Halves height and width, and the frames after the first where <paramref name="temporal"/>.</summary>
    protected abstract TLayer Down(string name, int channels, bool temporal);

    /// <summary>Doubles height and width, and the frames after the first where <paramref name="temporal"/>; halves the channels.</summary>
    protected abstract TLayer Up(string name, int channels, bool temporal);

    /// <summary>Normalization, SiLU and a causal convolution.</summary>
    protected abstract TLayer Normalized(string norm, string convolution, int from, int to);

    /// <summary>A convolution over three frames, rows and columns that looks at earlier frames only.</summary>
    protected abstract TLayer Causal(string name, int from, int to);

    /// <summary>A 1 x 1 x 1 convolution.</summary>
    /// <param name="name">The layer.</param>
    /// <param name="from">Input channels.</param>
    /// <param name="to">Output channels.</param>
    /// <param name="dimensions">Dimensions of the stored weight: 4 where it has none for frames.</param>
    protected abstract TLayer Pointwise(string name, int from, int to, int dimensions);

    private TLayer[] Middle(string name, int channels) =>
        [Residual(name + ".0", channels, channels), Attention(name + ".1", channels), Residual(name + ".2", channels, channels)];

    private static string Numbered(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{list}.{index}");
}
