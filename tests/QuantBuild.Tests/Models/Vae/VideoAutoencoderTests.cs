using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Vae;

public class VideoAutoencoderTests
{
    private static readonly VideoShape Small = new(5, 16, 24);

    [Fact]
    public void Golden_videos_are_encoded_to_the_official_latents()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("vae.safetensors"));
        for (int i = 0; golden.Tensors.TryGetValue($"case.{i}.video", out TensorInfo? video); i++)
        {
            float[] values = [.. golden.Bytes(video.Name).ToArray().Select(value => (value / 255f * 2) - 1)];
            float[] latents = TinyVae.Model.Encode(new VideoShape((int)video.Shape[1], (int)video.Shape[2], (int)video.Shape[3]), values,
                threads: 2);
            Close.Assert(golden.ReadFloat32($"case.{i}.latents"), latents, 1e-3);
        }
    }

    [Fact]
    public void Golden_latents_are_decoded_to_the_official_videos()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("vae.safetensors"));
        for (int i = 0; golden.Tensors.TryGetValue($"case.{i}.latents", out TensorInfo? latents); i++)
        {
            var shape = new LatentShape((int)latents.Shape[1], (int)latents.Shape[2], (int)latents.Shape[3]);
            Close.Assert(golden.ReadFloat32($"case.{i}.decoded"), TinyVae.Model.Decode(shape, golden.ReadFloat32(latents.Name), threads: 2),
                1e-3);
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        float[] video = Noise(Small.Frames * Small.FrameLength);
        float[] latent = TinyVae.Model.Encode(Small, video);
        Assert.Equal(latent, TinyVae.Model.Encode(Small, video, threads: 3));
        Assert.Equal(TinyVae.Model.Decode(new LatentShape(2, 2, 3), latent),
            TinyVae.Model.Decode(new LatentShape(2, 2, 3), latent, threads: 3));
    }

    [Fact]
    public void Later_frames_do_not_change_earlier_ones()
    {
        float[] latent = Noise(TinyVae.Config.LatentDim * 3 * 4);
        float[] changed = [.. latent];
        for (int channel = 0; channel < TinyVae.Config.LatentDim; channel++)
            changed.AsSpan((channel * 12) + 8, 4).Clear();
        var shape = new LatentShape(3, 2, 2);
        float[] video = TinyVae.Model.Decode(shape, latent), other = TinyVae.Model.Decode(shape, changed);
        int plane = 16 * 16;
        for (int colour = 0; colour < 3; colour++)
        {
            Assert.Equal(video.AsSpan(colour * 9 * plane, 5 * plane), other.AsSpan(colour * 9 * plane, 5 * plane));
            Assert.False(video.AsSpan(((colour * 9) + 5) * plane, plane).SequenceEqual(other.AsSpan(((colour * 9) + 5) * plane, plane)));
        }
    }

    [Fact]
    public void Names_of_the_diffusers_library_are_understood()
    {
        using ShardedCheckpoint ours = TinyVae.Open();
        string[] theirs =
        [
            "quant_conv.weight", "post_quant_conv.bias", "encoder.conv_in.weight", "decoder.conv_in.weight",
                "encoder.down_blocks.0.norm1.gamma",
            "encoder.down_blocks.2.resample.1.weight", "encoder.down_blocks.5.time_conv.bias", "encoder.down_blocks.3.conv_shortcut.weight",
            "encoder.mid_block.resnets.1.conv2.weight", "encoder.mid_block.attentions.0.to_qkv.weight",
                "decoder.mid_block.attentions.0.norm.gamma",
            "decoder.up_blocks.0.resnets.2.conv1.weight", "decoder.up_blocks.0.upsamplers.0.time_conv.weight",
                "decoder.up_blocks.1.resnets.0.conv_shortcut.weight",
            "decoder.up_blocks.2.upsamplers.0.resample.1.bias", "decoder.up_blocks.3.resnets.1.norm2.gamma", "encoder.norm_out.gamma",
                "decoder.conv_out.weight",
        ];
        string[] official = [.. theirs.Select(name => VaeNames.Official(TinyVae.Config, name))];
        Assert.All(official, name => Assert.True(ours.Tensors.ContainsKey(name), name));
        Assert.Equal(theirs.Length, official.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(4, 16, 16)]
    [InlineData(0, 16, 16)]
    [InlineData(5, 12, 16)]
    [InlineData(5, 16, 0)]
    public void A_size_without_a_whole_latent_is_refused(int frames, int height, int width) =>
        Assert.Throws<ArgumentException>(() => VaeConfig.LatentShapeOf(new VideoShape(frames, height, width)));

    [Fact]
    public void A_cancelled_run_stops_between_pieces()
    {
        using var source = new CancellationTokenSource();
        int frames = 0;
        Assert.Throws<OperationCanceledException>(() => TinyVae.Model.Decode(new LatentShape(3, 1, 1), new float[48], (_, _) =>
        {
            frames++;
            source.Cancel();
        }, 1, source.Token));
        Assert.Equal(1, frames);
    }

    private static float[] Noise(int length)
    {
        var random = new Random(42);
        return [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
