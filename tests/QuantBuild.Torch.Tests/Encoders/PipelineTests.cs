using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;
using QuantBuild.Tests;

namespace QuantBuild.Torch.Tests.Encoders;

public sealed class PipelineTests
{
    /// <summary>Not exactly: where an activation lies between two codes, rounding decides, and the steps amplify it.</summary>
    [Fact]
    public void A_video_of_a_built_model_is_nearly_the_processors()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        string checkpoint = TestData.TinyWan("checkpoint");
        using var processor = new WanImageToVideoPipeline(checkpoint, artifact);
        using WanImageToVideoPipeline torch = artifact.UseTorch(Runtimes.Float32, checkpoint, ExpertMemory.Both);
        var image = Image.FromPlanes(Formats.Inputs.Normal(3 * 64 * 96, new Random(3)), 64, 96);
        var options =
            new GenerationOptions { Frames = 9, Width = 96, Height = 64,
                Sampling = new SamplingOptions { Steps = 6, Threads = 2, GuidanceHigh = 1, GuidanceLow = 1 } };

        GeneratedVideo expected = Generate(processor), actual = Generate(torch);

        Assert.Equal(expected.Frames.Count, actual.Frames.Count);
        Assert.InRange(Errors.Relative(expected.Latent.Span, actual.Latent.Span), 1e-6, 0.1);
        Assert.Equal(actual.Latent.ToArray(), Generate(torch).Latent.ToArray());

        GeneratedVideo Generate(WanImageToVideoPipeline pipeline) =>
            pipeline.Generate(image, "a red star moves to the right", options, ct: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Both_experts_are_on_the_device_together_only_when_that_is_asked_for()
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        using TorchRuntime runtime = TorchRuntime.Open(new TorchOptions { Threads = Runtimes.Threads });
        var image = Image.FromPlanes(Formats.Inputs.Normal(3 * 64 * 96, new Random(3)), 64, 96);
        // Two of its steps are before the boundary.
        var options = new GenerationOptions { Frames = 5, Width = 96, Height = 64,
            Sampling = new SamplingOptions { Steps = 4, Threads = 2, GuidanceHigh = 1, GuidanceLow = 1 } };
        var latents = new List<float[]>();
        foreach ((ExpertMemory memory, int experts) in ((ExpertMemory, int)[])[(ExpertMemory.None, 0), (ExpertMemory.One, 1),
            (ExpertMemory.Both, 2)])
        {
            using (WanImageToVideoPipeline pipeline = artifact.UseTorch(runtime, TestData.TinyWan("checkpoint"), memory))
                latents.Add(pipeline.Generate(image, "a star", options, ct: TestContext.Current.CancellationToken).Latent.ToArray());
            Assert.Equal((experts, 0), (runtime.Experts.Most, runtime.Experts.Now));
        }

        // In the turn of ExpertMemory.One both came, one after the other, and in the last one again.
        Assert.Equal(4, runtime.Experts.Brought);
        Assert.Equal(latents[0], latents[1]);
        Assert.Equal(latents[0], latents[2]);
    }
}
