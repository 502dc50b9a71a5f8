namespace QuantBuild.Models.Vae;

/// <summary>Halves height and width, and the frames after the first.</summary>
/// <param name="spatial">3 x 3 convolution of stride 2.</param>
/// <param name="temporal">Convolution over three frames of stride 2; null where frames are not halved.</param>
internal sealed class Downsampling(VideoConvolution spatial, VideoConvolution? temporal) : IVaeLayer
{
    /// <inheritdoc/>
    /// <remarks>The first frame passes; later outputs see frames (0, 1, 2), (2, 3, 4) and so on.</remarks>
    public FeatureMap? Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        FeatureMap y = spatial.Apply(x, state, threads, ct);
        if (temporal is null)
            return y;
        if (state.IsFirst)
        {
            state.Keep(temporal, y, 1);
            return y;
        }
        int past = state.PastOf(temporal, y);
        FeatureMap all = state.Room(temporal, y, past);
        y.Data.CopyTo(all.Data, past * y.FrameLength);
        state.Give(y);
        FeatureMap? half = past == 1 ? null : temporal.ApplyWithin(all, state, threads, ct);
        state.Keep(temporal, all, half is null ? 2 : 1);
        state.Give(all);
        return half;
    }
}
