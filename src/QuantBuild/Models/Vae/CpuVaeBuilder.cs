using QuantBuild.Kernels;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Vae;

/// <summary>Makes the layers on the processor of their tensors.</summary>
internal sealed class CpuVaeBuilder(VaeConfig config, ITensorSource source) : VaeBuilder<IVaeLayer>(config)
{
    private readonly CheckedTensors _tensors = new(source);

    protected override IVaeLayer Residual(string name, int from, int to) => new ResidualBlock(
        Normalized(name + ".residual.0", name + ".residual.2", from, to),
        Normalized(name + ".residual.3", name + ".residual.6", to, to),
        from == to ? null : Pointwise(name + ".shortcut", from, to, 5));

    protected override IVaeLayer Attention(string name, int channels) => new FrameAttention(
        _tensors.Read(name + ".norm.gamma", channels, 1, 1),
        Pointwise(name + ".to_qkv", channels, 3 * channels, 4),
        Pointwise(name + ".proj", channels, channels, 4));

    protected override IVaeLayer Down(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels, 1, 3) { Stride = 2, PadAfter = 1 };
        var halving = new ConvolutionShape(channels, channels, 3, 1) { StrideFrames = 2 };
        return new Downsampling(Convolution(name + ".resample.1", spatial, 4), temporal
            ? Convolution(name + ".time_conv", halving, 5)
            : null);
    }

    protected override IVaeLayer Up(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels / 2, 1, 3) { Enlarge = 2, PadBefore = 1, PadAfter = 1 };
        var doubling = new ConvolutionShape(channels, 2 * channels, 3, 1);
        return new Upsampling(Convolution(name + ".resample.1", spatial, 4), temporal
            ? Convolution(name + ".time_conv", doubling, 5)
            : null);
    }

    protected override NormalizedConvolution Normalized(string norm, string convolution, int from, int to) =>
        new(_tensors.Read(norm + ".gamma", from, 1, 1, 1), Causal(convolution, from, to));

    protected override VideoConvolution Causal(string name, int from, int to) =>
        Convolution(name, new ConvolutionShape(from, to, 3, 3) { PadBefore = 1, PadAfter = 1 }, 5);

    protected override VideoConvolution Pointwise(string name, int from, int to, int dimensions) =>
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
