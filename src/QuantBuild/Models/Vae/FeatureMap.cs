namespace QuantBuild.Models.Vae;

/// <summary>A piece of a video inside the autoencoder.</summary>
/// <param name="Data">[frames, height, width, channels].</param>
/// <param name="Frames">Frames.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Channels.</param>
internal sealed record FeatureMap(float[] Data, int Frames, int Height, int Width, int Channels)
{
    /// <summary>Values of one frame.</summary>
    public int FrameLength => Height * Width * Channels;

    /// <summary>Frames of [channels, height, width] planes as a map.</summary>
    /// <param name="planes">The frames, one after the other.</param>
    /// <param name="frames">Their number.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public static FeatureMap FromPlanes(ReadOnlySpan<float> planes, int frames, int height, int width)
    {
        int pixels = height * width, channels = planes.Length / (frames * pixels);
        var data = new float[planes.Length];
        for (int plane = 0; plane < frames * channels; plane++)
        {
            int target = (plane / channels * pixels * channels) + (plane % channels);
            foreach (float value in planes.Slice(plane * pixels, pixels))
            {
                data[target] = value;
                target += channels;
            }
        }
        return new FeatureMap(data, frames, height, width, channels);
    }

    /// <summary>Copies a frame as planes, [channels, height, width].</summary>
    public void CopyPlanes(int frame, Span<float> planes)
    {
        int pixels = Height * Width;
        ReadOnlySpan<float> source = Data.AsSpan(frame * FrameLength, FrameLength);
        for (int i = 0; i < source.Length; i++)
            planes[(i % Channels * pixels) + (i / Channels)] = source[i];
    }
}
