using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Vae;

/// <summary>The repository's tiny autoencoder.</summary>
internal static class TinyVae
{
    public static VaeConfig Config { get; } = VaeConfig.Load(TestData.TinyWan("checkpoint", "vae", "config.json"));

    public static VideoAutoencoder Model { get; } = new(Config, Open());

    public static ShardedCheckpoint Open() => ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", "vae"));

    public static float[] Encode(this VideoAutoencoder vae, VideoShape shape, float[] video, int threads = 1) =>
        vae.Encode(shape, (frame, pixels) =>
    {
        int plane = shape.Height * shape.Width;
        for (int c = 0; c < 3; c++)
            video.AsSpan(((c * shape.Frames) + frame) * plane, plane).CopyTo(pixels[(c * plane)..]);
    }, threads, TestContext.Current.CancellationToken);

    public static float[] Decode(this VideoAutoencoder vae, LatentShape shape, float[] latent, int threads = 1)
    {
        VideoShape size = VaeConfig.VideoShapeOf(shape);
        int plane = size.Height * size.Width;
        var video = new float[size.Frames * size.FrameLength];
        vae.Decode(shape, latent, (frame, pixels) =>
        {
            for (int c = 0; c < 3; c++)
                pixels.Slice(c * plane, plane).CopyTo(video.AsSpan(((c * size.Frames) + frame) * plane));
        }, threads, TestContext.Current.CancellationToken);
        return video;
    }
}
