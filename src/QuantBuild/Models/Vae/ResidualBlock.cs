using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Vae;

/// <summary>Two normalized convolutions beside a shortcut.</summary>
/// <param name="first">First convolution.</param>
/// <param name="second">Second convolution.</param>
/// <param name="shortcut">1 x 1 x 1 convolution where the number of channels changes; null where it does not.</param>
internal sealed class ResidualBlock(NormalizedConvolution first, NormalizedConvolution second, VideoConvolution? shortcut) : IVaeLayer
{
    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        FeatureMap middle = first.Apply(x, state, threads, ct), y = second.Apply(middle, state, threads, ct);
        state.Give(middle);
        FeatureMap past = shortcut?.Apply(x, state, threads, ct) ?? x;
        int pixels = y.Data.Length / y.Channels;
        Residual.Add(new MatrixView(y.Data, pixels, y.Channels), new ReadOnlyMatrixView(past.Data, pixels, y.Channels), threads);
        if (shortcut is not null)
            state.Give(past);
        return y;
    }
}
