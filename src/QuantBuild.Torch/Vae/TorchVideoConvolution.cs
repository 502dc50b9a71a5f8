using QuantBuild.Kernels;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>A convolution over a video that looks at earlier frames only.</summary>
/// <param name="shape">Its size.</param>
/// <param name="weight">Weight, [out, in, frames, rows, columns].</param>
/// <param name="bias">Bias, [out].</param>
internal sealed class TorchVideoConvolution(ConvolutionShape shape, Tensor weight, Tensor bias) : ITorchVaeLayer
{
    private readonly int _past = shape.KernelFrames - 1;

    /// <inheritdoc/>
    public Tensor Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        if (_past == 0)
            return ApplyWithin(x);
        Tensor before = memory.PastOf(this) ?? x.new_zeros([1, x.shape[1], _past, x.shape[3], x.shape[4]]);
        Tensor input = cat([before, x], 2);
        memory.Keep(this, input, _past);
        return ApplyWithin(input);
    }

    /// <summary>Applies it where the kernel fits the frames given.</summary>
    public Tensor ApplyWithin(Tensor x)
    {
        if (shape.Enlarge > 1)
            x = x.repeat_interleave(shape.Enlarge, 3).repeat_interleave(shape.Enlarge, 4);
        long padding = shape.PadBefore;
        if (shape.PadBefore != shape.PadAfter)
        {
            x = nn.functional.pad(x, [shape.PadBefore, shape.PadAfter, shape.PadBefore, shape.PadAfter]);
            padding = 0;
        }
        return nn.functional.conv3d(x, weight, bias, [shape.StrideFrames, shape.Stride, shape.Stride], [0, padding, padding]);
    }
}
