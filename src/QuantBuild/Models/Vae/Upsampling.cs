namespace QuantBuild.Models.Vae;

/// <summary>Doubles height and width, and the frames after the first; halves the channels.</summary>
/// <param name="spatial">3 x 3 convolution over repeated rows and columns.</param>
/// <param name="temporal">Convolution over three frames to twice the channels; null where frames are not doubled.</param>
internal sealed class Upsampling(VideoConvolution spatial, VideoConvolution? temporal) : IVaeLayer
{
    /// <inheritdoc/>
    /// <remarks>The first frame passes and is not part of the temporal convolution's past, which starts as zeros.</remarks>
    public FeatureMap Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct)
    {
        if (temporal is null || state.IsFirst)
            return spatial.Apply(x, state, threads, ct);
        FeatureMap both = temporal.Apply(x, state, threads, ct), doubled = Split(both, state);
        state.Give(both);
        FeatureMap y = spatial.Apply(doubled, state, threads, ct);
        state.Give(doubled);
        return y;
    }

    /// <summary>Makes two frames of every frame: of the first half of its channels, and of the second.</summary>
    private static FeatureMap Split(FeatureMap x, VaeState state)
    {
        int channels = x.Channels / 2, pixels = x.Height * x.Width;
        FeatureMap y = state.Take(2 * x.Frames, x.Height, x.Width, channels);
        for (int half = 0; half < 2 * x.Frames * pixels; half++)
        {
            int pixel = half / 2, frame = (2 * (pixel / pixels)) + (half % 2);
            x.Data.AsSpan(half * channels, channels).CopyTo(y.Data.AsSpan(((frame * pixels) + (pixel % pixels)) * channels));
        }
        return y;
    }
}
