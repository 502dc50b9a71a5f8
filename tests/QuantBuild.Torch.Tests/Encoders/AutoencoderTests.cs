using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Vae;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tests.Native;

namespace QuantBuild.Torch.Tests.Encoders;

public sealed class AutoencoderTests
{
    [Fact]
    public void Golden_videos_are_encoded_and_decoded_as_the_official_model_does()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("vae.safetensors"));
        using ShardedCheckpoint source = TinyVae.Open();
        using VideoAutoencoder vae = ((IEncoderFactory)Runtimes.BFloat16).OpenAutoencoder(TinyVae.Config, source, null);
        int i = 0;
        for (; golden.Tensors.TryGetValue($"case.{i}.video", out TensorInfo? video); i++)
        {
            float[] values = [.. golden.Bytes(video.Name).ToArray().Select(value => (value / 255f * 2) - 1)];
            Close.Assert(golden.ReadFloat32($"case.{i}.latents"),
                vae.Encode(new VideoShape((int)video.Shape[1], (int)video.Shape[2], (int)video.Shape[3]), values), 1e-3);
            IReadOnlyList<long> latents = golden.Tensors[$"case.{i}.latents"].Shape;
            Close.Assert(golden.ReadFloat32($"case.{i}.decoded"), vae.Decode(
                new LatentShape((int)latents[1], (int)latents[2], (int)latents[3]), golden.ReadFloat32($"case.{i}.latents")), 1e-3);
        }
        Assert.True(i > 0);
    }

    [Fact]
    public void Tiles_are_blended_as_on_the_processor()
    {
        var tiling = new VaeTiling(32, 16);
        using ShardedCheckpoint source = TinyVae.Open();
        using VideoAutoencoder torch = ((IEncoderFactory)Runtimes.Float32).OpenAutoencoder(TinyVae.Config, source, tiling);
        using var processor = new VideoAutoencoder(TinyVae.Config, source) { Tiling = tiling };
        var shape = new VideoShape(5, 48, 64);
        float[] video = Formats.Inputs.Normal(shape.Frames * shape.FrameLength, new Random(1));

        float[] latent = processor.Encode(shape, video);

        Close.Assert(latent, torch.Encode(shape, video), 1e-4);
        Close.Assert(processor.Decode(VaeConfig.LatentShapeOf(shape), latent), torch.Decode(VaeConfig.LatentShapeOf(shape), latent), 1e-4);
    }

    [Fact]
    public void Weights_that_do_not_fit_the_device_are_told()
    {
        using ShardedCheckpoint source = TinyVae.Open();
        using VideoAutoencoder vae = ((IEncoderFactory)Runtimes.Float32).OpenAutoencoder(TinyVae.Config, new TooLarge(source), null);
        var shape = new LatentShape(1, 4, 4);

        TorchException problem = Assert.Throws<TorchException>(() => vae.Decode(shape, new float[TinyVae.Config.LatentDim * shape.Volume]));

        Assert.Equal(TorchProblem.OutOfMemory, problem.Problem);
        Assert.Contains("the weights of the autoencoder", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>Tensors for which a device has no memory.</summary>
    private sealed class TooLarge(ITensorSource source) : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors => source.Tensors;

        public ReadOnlySpan<byte> Bytes(string name) => throw new ReportedException("CUDA out of memory. Tried to allocate 2.00 MiB");

        public void ReadFloat32(string name, Span<float> destination) => Bytes(name);
    }
}
