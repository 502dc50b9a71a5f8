using QuantBuild.Models.Vae;

namespace QuantBuild.Pipelines;

/// <summary>Sizes that videos can have.</summary>
internal static class VideoSize
{
    /// <summary>
    /// The most frames of a video, an hour of them: attention takes the square of their number, and would not end for more.
    /// </summary>
    public const int MostFrames = 1 << 16;

    // A token of the model is 2 x 2 latent elements.
    private const int Token = 2 * VaeConfig.SpatialStride;

    /// <summary>The size of a video without a first frame: both sides rounded down to whole tokens of the model, 16 pixels.</summary>
    /// <param name="width">Pixels wanted.</param>
    /// <param name="height">Pixels wanted.</param>
    /// <param name="frames">Frames, one more than a multiple of four.</param>
    /// <exception cref="ArgumentException">
    /// The frames are not one more than a multiple of four or more than <see cref="MostFrames"/>, or a side is shorter than a token.
    /// </exception>
    public static VideoShape Of(int width, int height, int frames)
    {
        CheckFrames(frames);
        if (width < Token || height < Token)
            throw new ArgumentException($"a video of {width}x{height} pixels; both must be at least {Token}");
        var shape = new VideoShape(frames, height / Token * Token, width / Token * Token);
        _ = VaeConfig.LatentShapeOf(shape);
        return shape;
    }

    /// <summary>Refuses more frames than a video can have.</summary>
    /// <exception cref="ArgumentException">There are more than <see cref="MostFrames"/>.</exception>
    public static void CheckFrames(int frames)
    {
        if (frames > MostFrames)
            throw new ArgumentException($"{frames} frames are more than a video can have, {MostFrames}");
    }
}
