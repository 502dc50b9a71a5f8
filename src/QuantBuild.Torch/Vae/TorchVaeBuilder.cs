using QuantBuild.Kernels;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>Makes the layers on a device of their tensors, in float32, and owns these.</summary>
/// <param name="config">Shape of the autoencoder.</param>
/// <param name="source">Its tensors, under the official names.</param>
/// <param name="space">The device.</param>
internal sealed class TorchVaeBuilder(VaeConfig config, ITensorSource source, TensorSpace space) : VaeBuilder<ITorchVaeLayer>(config),
    IDisposable
{
    private readonly CheckedTensors _tensors = new(source);
    private readonly List<Tensor> _owned = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        _owned.ForEach(tensor => tensor.Dispose());
        _owned.Clear();
    }

    /// <inheritdoc/>
    protected override ITorchVaeLayer Residual(string name, int from, int to) => new TorchResidualBlock(
        Normalized(name + ".residual.0", name + ".residual.2", from, to),
        Normalized(name + ".residual.3", name + ".residual.6", to, to),
        from == to ? null : Pointwise(name + ".shortcut", from, to, 5));

    /// <inheritdoc/>
    protected override ITorchVaeLayer Attention(string name, int channels) => new TorchFrameAttention(
        Read(name + ".norm.gamma", channels, 1, 1),
        Pointwise(name + ".to_qkv", channels, 3 * channels, 4),
        Pointwise(name + ".proj", channels, channels, 4));

    /// <inheritdoc/>
    protected override ITorchVaeLayer Down(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels, 1, 3) { Stride = 2, PadAfter = 1 };
        var halving = new ConvolutionShape(channels, channels, 3, 1) { StrideFrames = 2 };
        return new TorchDownsampling(Convolution(name + ".resample.1", spatial, 4),
            temporal ? Convolution(name + ".time_conv", halving, 5) : null);
    }

    /// <inheritdoc/>
    protected override ITorchVaeLayer Up(string name, int channels, bool temporal)
    {
        var spatial = new ConvolutionShape(channels, channels / 2, 1, 3) { Enlarge = 2, PadBefore = 1, PadAfter = 1 };
        var doubling = new ConvolutionShape(channels, 2 * channels, 3, 1);
        return new TorchUpsampling(Convolution(name + ".resample.1", spatial, 4),
            temporal ? Convolution(name + ".time_conv", doubling, 5) : null);
    }

    /// <inheritdoc/>
    protected override ITorchVaeLayer Normalized(string norm, string convolution, int from, int to) =>
        new TorchNormalizedConvolution(Read(norm + ".gamma", from, 1, 1, 1), Causal(convolution, from, to));

    /// <inheritdoc/>
    protected override TorchVideoConvolution Causal(string name, int from, int to) =>
        Convolution(name, new ConvolutionShape(from, to, 3, 3) { PadBefore = 1, PadAfter = 1 }, 5);

    /// <inheritdoc/>
    protected override TorchVideoConvolution Pointwise(string name, int from, int to, int dimensions) =>
        Convolution(name, new ConvolutionShape(from, to, 1, 1), dimensions);

    private TorchVideoConvolution Convolution(string name, ConvolutionShape shape, int dimensions)
    {
        Tensor weight = dimensions == 5
            ? Read(name + ".weight", shape.Out, shape.In, shape.KernelFrames, shape.Kernel, shape.Kernel)
            : Read(name + ".weight", shape.Out, shape.In, shape.Kernel, shape.Kernel);
        if (dimensions == 4)
        {
            weight = weight.unsqueeze(2).DetachFromDisposeScope();
            _owned.Add(weight);
        }
        return new TorchVideoConvolution(shape, weight, Read(name + ".bias", shape.Out));
    }

    private Tensor Read(string name, params ReadOnlySpan<long> shape)
    {
        _tensors.Check(name, shape);
        Tensor tensor = TensorUpload.Read(source, name, space, ScalarType.Float32).DetachFromDisposeScope();
        _owned.Add(tensor);
        return tensor;
    }
}
