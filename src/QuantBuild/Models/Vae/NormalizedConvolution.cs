using QuantBuild.Kernels;

namespace QuantBuild.Models.Vae;

/// <summary>Normalization over channels, SiLU, and a convolution.</summary>
/// <param name="gain">Gain of the normalization.</param>
/// <param name="convolution">The convolution.</param>
internal sealed class NormalizedConvolution(float[] gain, VideoConvolution convolution) : IVaeLayer
{
    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads)
    {
        var active = new float[x.Data.Length];
        ChannelNorm.Apply(x.Data, gain, active, threads);
        Activations.Silu(active, active, threads);
        return convolution.Apply(x with { Data = active }, state, threads);
    }
}
