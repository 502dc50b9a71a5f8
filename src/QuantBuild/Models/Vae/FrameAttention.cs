using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Vae;

/// <summary>Attention with one head over the positions of each frame, beside a shortcut.</summary>
/// <param name="gain">Gain of the normalization.</param>
/// <param name="toQkv">Queries, keys and values, a 1 x 1 convolution.</param>
/// <param name="projection">Output, a 1 x 1 convolution.</param>
internal sealed class FrameAttention(float[] gain, VideoConvolution toQkv, VideoConvolution projection) : IVaeLayer
{
    /// <inheritdoc/>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        int positions = x.Height * x.Width, channels = x.Channels;
        FeatureMap mixed = state.Take(x.Frames, x.Height, x.Width, channels);
        ChannelNorm.Apply(x.Data, gain, mixed.Data, threads);
        FeatureMap qkv = toQkv.Apply(mixed, state, threads, ct);
        for (int frame = 0; frame < x.Frames; frame++)
        {
            var rows = new ReadOnlyMatrixView(qkv.Data.AsSpan(frame * qkv.FrameLength, qkv.FrameLength), positions, 3 * channels);
            Attention.Apply(rows.Slice(0, 0, positions, channels), rows.Slice(0, channels, positions, channels),
                rows.Slice(0, 2 * channels, positions, channels),
                heads: 1, new MatrixView(mixed.Data.AsSpan(frame * x.FrameLength, x.FrameLength), positions, channels), threads, ct);
        }
        state.Give(qkv);
        FeatureMap y = projection.Apply(mixed, state, threads, ct);
        state.Give(mixed);
        Residual.Add(new MatrixView(y.Data, x.Frames * positions, channels), new ReadOnlyMatrixView(x.Data, x.Frames * positions, channels),
            threads);
        return y;
    }
}
