using QuantBuild.Kernels;

namespace QuantBuild.Models.Vae;

/// <summary>Normalization over channels, SiLU, and a convolution.</summary>
/// <param name="gain">Gain of the normalization.</param>
/// <param name="convolution">The convolution.</param>
internal sealed class NormalizedConvolution(float[] gain, VideoConvolution convolution) : IVaeLayer
{
    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        // Written to where the convolution reads them: behind the frames it saw last.
        FeatureMap input = state.Room(convolution, x, convolution.PastFrames);
        Span<float> active = input.Data.AsSpan(convolution.PastFrames * x.FrameLength);
        ChannelNorm.Apply(x.Data, gain, active, threads);
        Activations.Silu(active, active, threads);
        state.Keep(convolution, input, convolution.PastFrames);
        FeatureMap y = convolution.ApplyWithin(input, state, threads, ct);
        state.Give(input);
        return y;
    }
}
