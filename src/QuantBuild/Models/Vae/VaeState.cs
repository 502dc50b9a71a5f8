namespace QuantBuild.Models.Vae;

/// <summary>What a video that is worked on piece by piece leaves behind: the last input frames of every convolution over time.</summary>
internal sealed class VaeState
{
    private readonly Dictionary<VideoConvolution, float[]> _past = [];

    /// <summary>Whether the piece worked on is the first, which is one frame and is not halved or doubled in time.</summary>
    public bool IsFirst { get; set; } = true;

    /// <summary>Puts the frames that a convolution saw last in front of a piece, zeros where there are none, and keeps its own last frames.</summary>
    /// <param name="layer">The convolution.</param>
    /// <param name="x">The piece.</param>
    /// <param name="frames">Number of frames to put in front.</param>
    public FeatureMap Prepend(VideoConvolution layer, FeatureMap x, int frames)
    {
        int past = frames * x.FrameLength;
        var data = new float[checked(past + x.Data.Length)];
        if (_past.TryGetValue(layer, out float[]? last))
            last.CopyTo(data, 0);
        x.Data.CopyTo(data, past);
        _past[layer] = data[^past..];
        return x with { Data = data, Frames = x.Frames + frames };
    }

    /// <summary>Keeps the last frame of a piece as what a convolution saw last.</summary>
    public void Keep(VideoConvolution layer, FeatureMap x) => _past[layer] = x.Data[^x.FrameLength..];
}
