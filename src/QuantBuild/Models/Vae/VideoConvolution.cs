using QuantBuild.Kernels;

namespace QuantBuild.Models.Vae;

/// <summary>A convolution over a video that looks at earlier frames only.</summary>
/// <param name="shape">Its size.</param>
/// <param name="weight">Weight, [out, in, frames, rows, columns].</param>
/// <param name="bias">Bias, [out].</param>
internal sealed class VideoConvolution(ConvolutionShape shape, float[] weight, float[] bias) : IVaeLayer
{
    private readonly float[] _weight = Convolution.Reorder(shape, weight);

    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads) =>
        ApplyWithin(shape.KernelFrames == 1 ? x : state.Prepend(this, x, shape.KernelFrames - 1), threads);

    /// <summary>Applies it where the kernel fits the frames given.</summary>
    public FeatureMap ApplyWithin(FeatureMap x, int threads) => new(
        Convolution.Apply(shape, x.Data, x.Frames, x.Height, x.Width, _weight, bias, threads),
        shape.OutputFrames(x.Frames), shape.OutputSize(x.Height), shape.OutputSize(x.Width), shape.Out);
}
