using System.Globalization;
using QuantBuild.Kernels;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Vae;

/// <summary>Makes the layers of encoder and decoder of their tensors, which have the names of the official checkpoint.</summary>
internal sealed class VaeBuilder(VaeConfig config, ITensorSource source)
{
    private readonly CheckedTensors _tensors = new(source);

    /// <summary>Frames of three colours to mean and variance of the latent.</summary>
    public IVaeLayer[] Encoder()
    {
        var layers = new List<IVaeLayer> { Causal("encoder.conv1", 3, config.Dim) };
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
    public IVaeLayer[] Decoder()
    {
        int channels = config.Dim * config.Multipliers[^1], index = 0;
        var layers = new List<IVaeLayer> { Pointwise("conv2", config.LatentDim, config.LatentDim, 5),
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

    private static string Numbered(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{list}.{index}");

    private IVaeLayer[] Middle(string name, int channels) =>
        [Residual(name + ".0", channels, channels), Attention(name + ".1", channels), Residual(name + ".2", channels, channels)];

    private ResidualBlock Residual(string name, int from, int to) => new(
        Normalized(name + ".residual.0", name + ".residual.2", from, to),
        Normalized(name + ".residual.3", name + ".residual.6", to, to),
        from == to ? null : Pointwise(name + ".shortcut", from, to, 5));

    private FrameAttention Attention(string name, int channels) => new(
        _tensors.Read(name + ".norm.gamma", channels, 1, 1),
        Pointwise(name + ".to_qkv", channels, 3 * channels, 4),
        Pointwise(name + ".proj", channels, channels, 4));

    private Downsampling Down(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels, 1, 3) { Stride = 2, PadAfter = 1 };
        var halving = new ConvolutionShape(channels, channels, 3, 1) { StrideFrames = 2 };
        return new Downsampling(Convolution(name + ".resample.1", spatial, 4), temporal
            ? Convolution(name + ".time_conv", halving, 5)
            : null);
    }

    private Upsampling Up(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels / 2, 1, 3) { Enlarge = 2, PadBefore = 1, PadAfter = 1 };
        var doubling = new ConvolutionShape(channels, 2 * channels, 3, 1);
        return new Upsampling(Convolution(name + ".resample.1", spatial, 4), temporal
            ? Convolution(name + ".time_conv", doubling, 5)
            : null);
    }

    private NormalizedConvolution Normalized(string norm, string convolution, int from, int to) =>
        new(_tensors.Read(norm + ".gamma", from, 1, 1, 1), Causal(convolution, from, to));

    private VideoConvolution Causal(string name, int from, int to) =>
        Convolution(name, new ConvolutionShape(from, to, 3, 3) { PadBefore = 1, PadAfter = 1 }, 5);

    private VideoConvolution Pointwise(string name, int from, int to, int dimensions) =>
        Convolution(name, new ConvolutionShape(from, to, 1, 1), dimensions);

    /// <param name="name">The layer.</param>
    /// <param name="shape">Its size.</param>
    /// <param name="dimensions">Dimensions of the stored weight: 4 where it has none for frames.</param>
    private VideoConvolution Convolution(string name, ConvolutionShape shape, int dimensions)
    {
        float[] weight = dimensions == 5
            ? _tensors.Read(name + ".weight", shape.Out, shape.In, shape.KernelFrames, shape.Kernel, shape.Kernel)
            : _tensors.Read(name + ".weight", shape.Out, shape.In, shape.Kernel, shape.Kernel);
        return new VideoConvolution(shape, weight, _tensors.Read(name + ".bias", shape.Out));
    }
}
