using QuantBuild.Kernels;

namespace QuantBuild.Models.Vae;

/// <summary>A convolution over a video that looks at earlier frames only.</summary>
/// <param name="shape">Its size.</param>
/// <param name="weight">Weight, [out, in, frames, rows, columns].</param>
/// <param name="bias">Bias, [out].</param>
internal sealed class VideoConvolution(ConvolutionShape shape, float[] weight, float[] bias) : IVaeLayer
{
    private readonly float[] _weight = Convolution.Reorder(shape, weight);

    /// <summary>Earlier frames that an output sees.</summary>
    public int PastFrames => shape.KernelFrames - 1;

    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        if (PastFrames == 0)
            return ApplyWithin(x, state, threads, ct);
        FeatureMap input = state.Room(this, x, PastFrames);
        x.Data.CopyTo(input.Data, PastFrames * x.FrameLength);
        state.Keep(this, input, PastFrames);
        FeatureMap y = ApplyWithin(input, state, threads, ct);
        state.Give(input);
        return y;
    }

    /// <summary>Applies it where the kernel fits the frames given.</summary>
    public FeatureMap ApplyWithin(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        FeatureMap y = state.Take(shape.OutputFrames(x.Frames), shape.OutputSize(x.Height), shape.OutputSize(x.Width), shape.Out);
        Convolution.Apply(shape, x.Data, x.Frames, x.Height, x.Width, _weight, bias, y.Data, threads, ct);
        return y;
    }
}
