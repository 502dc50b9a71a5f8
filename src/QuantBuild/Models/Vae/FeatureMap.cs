namespace QuantBuild.Models.Vae;

/// <summary>Frames of a video inside the autoencoder.</summary>
/// <param name="Data">[frames, height, width, channels].</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Channels.</param>
internal sealed record FeatureMap(float[] Data, int Frames, int Height, int Width, int Channels)
{
    /// <summary>Values of one frame.</summary>
    public int FrameLength => Height * Width * Channels;

    /// <summary>Takes values over from planes.</summary>
    /// <param name="planes">[frames, channels, height, width].</param>
    public void Fill(ReadOnlySpan<float> planes)
    {
        int pixels = Height * Width;
        for (int plane = 0; plane < Frames * Channels; plane++)
        {
            int target = (plane / Channels * FrameLength) + (plane % Channels);
            foreach (float value in planes.Slice(plane * pixels, pixels))
            {
                Data[target] = value;
                target += Channels;
            }
        }
    }

    /// <summary>Copies the first frame as planes, [channels, height, width].</summary>
    public void CopyPlanes(Span<float> planes)
    {
        int pixels = Height * Width;
        for (int i = 0; i < FrameLength; i++)
            planes[(i % Channels * pixels) + (i / Channels)] = Data[i];
    }
}
