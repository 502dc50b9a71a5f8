namespace QuantBuild.Models.Vae;

/// <summary>Feature cache of the causal convolutions while a video is worked on piece by piece: the last input frames of each.</summary>
/// <param name="pool">Where features come from, and go to.</param>
internal sealed class VaeState(FeaturePool pool)
{
    private readonly Dictionary<VideoConvolution, float[]> _past = [];

    /// <summary>Whether the frame worked on is the first, which is not halved or doubled in time.</summary>
    public bool IsFirst { get; set; } = true;

    /// <summary>Features with anything in them.</summary>
    public FeatureMap Take(int frames, int height, int width, int channels) =>
        new(pool.Take(checked(frames * height * width * channels)), frames, height, width, channels);

    /// <summary>Takes features back, which nobody uses from now on.</summary>
    public void Give(FeatureMap x) => pool.Give(x.Data);

    /// <summary>How many frames are kept of what a convolution saw.</summary>
    /// <param name="layer">The convolution; it has seen a frame.</param>
    /// <param name="x">A frame of its input.</param>
    public int PastOf(VideoConvolution layer, FeatureMap x) => _past[layer].Length / x.FrameLength;

    /// <summary>The frames that a convolution saw last, zeros where there are none, and behind them room for more.</summary>
    /// <param name="layer">The convolution.</param>
    /// <param name="x">Frames of the size to leave room for.</param>
    /// <param name="frames">Number of frames in front.</param>
    public FeatureMap Room(VideoConvolution layer, FeatureMap x, int frames)
    {
        FeatureMap room = Take(x.Frames + frames, x.Height, x.Width, x.Channels);
        Span<float> front = room.Data.AsSpan(0, frames * x.FrameLength);
        if (_past.TryGetValue(layer, out float[]? past))
            past.CopyTo(front);
        else
            front.Clear();
        return room;
    }

    /// <summary>Keeps the last of some frames as what a convolution saw last.</summary>
    public void Keep(VideoConvolution layer, FeatureMap x, int frames)
    {
        int length = frames * x.FrameLength;
        if (!_past.TryGetValue(layer, out float[]? past) || past.Length != length)
        {
            if (past is not null)
                pool.Give(past);
            _past[layer] = past = pool.Take(length);
        }
        x.Data.AsSpan(x.Data.Length - length).CopyTo(past);
    }

    /// <summary>Gives everything back: the video is done.</summary>
    public void Release()
    {
        foreach (float[] past in _past.Values)
            pool.Give(past);
        _past.Clear();
    }
}
