using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Vae;

public class TilingTests
{
    private static readonly VideoShape Video = new(5, 64, 96);

    [Theory]
    [InlineData(12, 8, 4)]
    [InlineData(13, 8, 4)]
    [InlineData(8, 8, 4)]
    [InlineData(5, 8, 4)]
    [InlineData(100, 32, 8)]
    [InlineData(9, 4, 0)]
    public void Tiles_cover_a_side_and_their_shares_add_up_to_one(int length, int size, int overlap)
    {
        foreach (int scale in (int[])[1, 8])
        {
            TileAxis axis = TileAxis.Lay(length, new VaeTiling(size * 8, overlap * 8), scale);
            var sums = new float[length * scale];
            for (int tile = 0; tile < axis.Starts.Length; tile++)
            {
                Assert.Equal(axis.Size * scale, axis.Weights[tile].Length);
                Assert.All(axis.Weights[tile], weight => Assert.InRange(weight, 0, 1));
                for (int i = 0; i < axis.Weights[tile].Length; i++)
                    sums[(axis.Starts[tile] * scale) + i] += axis.Weights[tile][i];
            }
            Assert.All(sums, sum => Assert.Equal(1, sum, 1e-6f));
            Assert.All(axis.Starts.Zip(axis.Starts.Skip(1)), pair => Assert.True(pair.First + axis.Size - pair.Second >= overlap));
        }
    }

    [Fact]
    public void A_picture_no_larger_than_a_tile_is_worked_on_whole()
    {
        float[] video = Pixels();
        Assert.Equal(Encode(video, null), Encode(video, new VaeTiling(96, 48)));
        float[] latent = Encode(video, null);
        Assert.Equal(Decode(latent, null), Decode(latent, new VaeTiling(96, 48)));
    }

    [Fact]
    public void Decoded_tiles_are_close_to_the_whole_picture()
    {
        float[] latent = Encode(Pixels(), null), whole = Decode(latent, null), tiled = Decode(latent, new VaeTiling(64, 32));
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{Psnr(whole, tiled):0.0} dB"));
        Assert.InRange(Psnr(whole, tiled), 50, 100);
        Assert.InRange(Psnr(whole, Decode(latent, new VaeTiling(64, 0))), 0, Psnr(whole, tiled));
    }

    [Fact]
    public void Encoded_tiles_decode_to_nearly_the_same_picture()
    {
        float[] video = Pixels(), whole = Encode(video, null), tiled = Encode(video, new VaeTiling(64, 32));
        Assert.NotEqual(whole, tiled);
        double psnr = Psnr(Decode(whole, null), Decode(tiled, null));
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{psnr:0.0} dB"));
        Assert.InRange(psnr, 50, 100);
    }

    [Theory]
    [InlineData(64, 32)]
    [InlineData(48, 8)]
    public void Threads_do_not_change_a_bit(int size, int overlap)
    {
        float[] latent = Encode(Pixels(), null);
        Assert.Equal(Decode(latent, new VaeTiling(size, overlap), threads: 1), Decode(latent, new VaeTiling(size, overlap), threads: 3));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(60, 8)]
    [InlineData(64, 12)]
    [InlineData(64, 40)]
    [InlineData(64, -8)]
    public void Impossible_sizes_are_refused(int size, int overlap)
    {
        using ShardedCheckpoint weights = TinyVae.Open();
        Assert.Throws<ArgumentException>(() =>
            new VideoAutoencoder(TinyVae.Model.Config, weights) { Tiling = new VaeTiling(size, overlap) });
    }

    private static float[] Pixels()
    {
        float[] picture = Bicubic.Resize(Image.Load(TestData.TinyWan("eval", "images", "001.png")), Video.Height, Video.Width);
        return [.. Enumerable.Repeat(picture, Video.Frames).SelectMany(frame => frame)];
    }

    private static float[] Encode(float[] video, VaeTiling? tiling)
    {
        using ShardedCheckpoint weights = TinyVae.Open();
        return new VideoAutoencoder(TinyVae.Model.Config, weights) { Tiling = tiling }.Encode(Video,
            (frame, pixels) => video.AsSpan(frame * Video.FrameLength, Video.FrameLength).CopyTo(pixels), 2,
                TestContext.Current.CancellationToken);
    }

    private static float[] Decode(float[] latent, VaeTiling? tiling, int threads = 2)
    {
        using ShardedCheckpoint weights = TinyVae.Open();
        var video = new float[Video.Frames * Video.FrameLength];
        var order = new List<int>();
        new VideoAutoencoder(TinyVae.Model.Config, weights) { Tiling = tiling }.Decode(VaeConfig.LatentShapeOf(Video), latent,
            (frame, pixels) =>
        {
            order.Add(frame);
            pixels.CopyTo(video.AsSpan(frame * Video.FrameLength));
        }, threads, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, Video.Frames), order);
        return video;
    }

    /// <summary>In decibels, of values in [-1, 1].</summary>
    private static double Psnr(float[] expected, float[] actual) =>
        10 * Math.Log10(4 / expected.Zip(actual, (a, b) => (double)(a - b) * (a - b)).Average());
}
