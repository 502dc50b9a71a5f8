using QuantBuild.Imaging;
using QuantBuild.Models;
using QuantBuild.Models.Vae;

namespace QuantBuild.Pipelines;

/// <summary>What Wan2.2 makes of a first frame: the size of its video, and the condition that is joined to the noisy latent.</summary>
internal static class FirstFrame
{
    // A token of the model is 2 x 2 latent elements.
    private const int Patch = 2;

    /// <summary>The size of a video that has a picture's aspect and about an area, by the official rule.</summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <param name="area">Pixels wanted, such as 480 x 832; the result has at most these, rounded down to whole tokens.</param>
    /// <param name="frames">Frames, one more than a multiple of four.</param>
    /// <remarks>
    /// The height is sqrt(area height / width), in latent elements rounded down to an even number; the width likewise. Nothing is cropped:
    /// the picture is stretched by what rounding takes.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The frames are not one more than a multiple of four or more than <see cref="VideoSize.MostFrames"/>, or the area is too small for
    /// the aspect.
    /// </exception>
    public static VideoShape SizeFor(int width, int height, int area, int frames)
    {
        VideoSize.CheckFrames(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(area, 1);
        double aspect = (double)height / width;
        var shape = new VideoShape(frames, Round(Math.Sqrt(area * aspect)), Round(Math.Sqrt(area / aspect)));
        if (shape.Height == 0 || shape.Width == 0)
            throw new ArgumentException($"an area of {area} pixels has no room for a picture of {width}x{height}");
        _ = VaeConfig.LatentShapeOf(shape);
        return shape;
    }

    /// <summary>
    /// Makes the condition of a video: four mask channels, one in the first latent frame, then the latent of the picture followed by grey
    /// frames.
    /// </summary>
    /// <param name="vae">The autoencoder.</param>
    /// <param name="image">The picture, resized to the video with cubic interpolation where it has another size.</param>
    /// <param name="shape">Size of the video.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between pieces.</param>
    /// <returns>[4 + latent channels, latent frames, height / 8, width / 8].</returns>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static float[] Condition(VideoAutoencoder vae, Image image, VideoShape shape, int threads = 1, CancellationToken ct = default)
    {
        LatentShape latent = VaeConfig.LatentShapeOf(shape);
        float[] picture = Bicubic.Resize(image, shape.Height, shape.Width);
        float[] encoded = vae.Encode(shape, (frame, pixels) =>
        {
            if (frame == 0)
                picture.CopyTo(pixels);
            else
                pixels.Clear();
        }, threads, ct);

        int mask = VaeConfig.TemporalStride * latent.Volume;
        var condition = new float[checked(mask + encoded.Length)];
        for (int channel = 0; channel < VaeConfig.TemporalStride; channel++)
            condition.AsSpan(channel * latent.Volume, latent.Height * latent.Width).Fill(1);
        encoded.CopyTo(condition, mask);
        return condition;
    }

    /// <summary>The picture as the model sees it, at the size of a video.</summary>
    public static Image Resize(Image image, int height, int width) => Image.FromPlanes(Bicubic.Resize(image, height, width), height, width);

    private static int Round(double pixels) =>
        (int)Math.Floor(Math.Floor(pixels / VaeConfig.SpatialStride) / Patch) * Patch * VaeConfig.SpatialStride;
}
