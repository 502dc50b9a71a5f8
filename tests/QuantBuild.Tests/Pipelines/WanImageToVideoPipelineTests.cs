using QuantBuild.Artifacts;
using QuantBuild.Denoisers;
using QuantBuild.Imaging;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Pipelines;

public class WanImageToVideoPipelineTests
{
    private const string Prompt = "a big red star moves left over a blue gradient background";

    private static readonly string Checkpoint = TestData.TinyWan("checkpoint");
    private static readonly Image Picture = Image.Load(TestData.TinyWan("eval", "images", "001.png"));

    // Four steps of shift 5 visit timesteps on both sides of the boundary.
    private static readonly GenerationOptions Options = new()
    {
        Frames = 5, Width = 96, Height = 64, Seed = 7, Sampling = new SamplingOptions { Steps = 4, Threads = 1 },
    };

    [Fact]
    public void The_first_frame_stays_the_picture()
    {
        GeneratedVideo video = Generate(Options with { Frames = 17, Sampling = Options.Sampling with { Steps = 12, Threads = 2 } });
        Assert.Equal(17, video.Frames.Count);
        Assert.Equal((96, 64), (video.Frames[0].Width, video.Frames[0].Height));
        double error = Enumerable.Range(0, Picture.Pixels.Length)
            .Average(i => Math.Abs(Picture.Pixels.Span[i] - video.Frames[0].Pixels.Span[i]));
        Assert.InRange(error, 0, 12);
    }

    [Theory]
    [InlineData(ExpertMemory.Both, 1)]
    [InlineData(ExpertMemory.None, 3)]
    public void Threads_and_where_weights_live_do_not_change_a_bit(ExpertMemory memory, int threads)
    {
        float[] expected = Generate(Options).Latent.ToArray();
        GenerationOptions options = Options with { Sampling = Options.Sampling with { Threads = threads } };
        Assert.Equal(expected, Generate(options, memory).Latent.ToArray());
    }

    [Fact]
    public void Phases_report_their_progress_in_order_and_to_the_end()
    {
        var seen = new List<GenerationProgress>();
        Generate(Options, progress: new Recorder(seen));
        Assert.Equal(Enum.GetValues<GenerationPhase>(), seen.Select(step => step.Phase).Distinct());
        Assert.All(seen.GroupBy(step => step.Phase), phase => Assert.Equal(phase.Last().Total, phase.Last().Done));
        Assert.Equal([0, 1, 2, 3, 4], seen.Where(step => step.Phase == GenerationPhase.Denoise).Select(step => step.Done));
    }

    [Fact]
    public void A_cancelled_run_stops_at_the_next_step()
    {
        using var source = new CancellationTokenSource();
        var seen = new List<GenerationProgress>();
        using var pipeline = new WanImageToVideoPipeline(Checkpoint);
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(Picture, Prompt, Options,
            new Recorder(seen, step => { if (step is { Phase: GenerationPhase.Denoise, Done: 2 }) source.Cancel(); }), ct: source.Token));
        Assert.Equal(2, seen[^1].Done);
    }

    [Theory]
    [InlineData(ExpertMemory.One, 4, 0)]
    [InlineData(ExpertMemory.Both, 2, 2)]
    public void Experts_are_opened_by_the_factory_and_kept_as_long_as_asked_for(ExpertMemory memory, int loaded, int kept)
    {
        var denoisers = new Counting();
        using (var pipeline = new WanImageToVideoPipeline(Checkpoint, memory: memory, denoisers: denoisers))
        {
            GeneratedVideo first = pipeline.Generate(Picture, Prompt, Options, ct: TestContext.Current.CancellationToken);
            GeneratedVideo second = pipeline.Generate(Picture, Prompt, Options, ct: TestContext.Current.CancellationToken);

            Assert.Equal(first.Latent.ToArray(), second.Latent.ToArray());
            Assert.Equal((loaded, kept), (denoisers.Loaded, denoisers.Open));
        }
        Assert.Equal(0, denoisers.Open);
    }

    [Fact]
    public void Seeds_and_prompts_make_different_videos()
    {
        float[] first = Generate(Options).Latent.ToArray();
        Assert.NotEqual(first, Generate(Options with { Seed = 8 }).Latent.ToArray());
        Assert.NotEqual(first, Generate(Options with { NegativePrompt = "blurry" }).Latent.ToArray());
    }

    [Fact]
    public void A_video_of_numbers_that_are_not_finite_is_an_error_and_no_black_frames()
    {
        Assert.Throws<InvalidDataException>(() => Generate(Options with { Sampling = Options.Sampling with { GuidanceLow = 1e39 } }));
        Assert.Throws<ArgumentException>(() => Generate(Options with { Sampling = Options.Sampling with { GuidanceLow = double.NaN } }));
    }

    [Fact]
    public void Options_that_are_impossible_are_refused_before_the_encoders_work()
    {
        var seen = new List<GenerationProgress>();
        Assert.Throws<ArgumentException>(() => Generate(Options with { Frames = 6 }, progress: new Recorder(seen)));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Generate(Options with { Sampling = Options.Sampling with { Shift = 0 } }, progress: new Recorder(seen)));
        Assert.Throws<ArgumentException>(() => new WanImageToVideoPipeline(Checkpoint, tiling: new VaeTiling(60)));
        Assert.Empty(seen);
    }

    [Fact]
    public void A_checkpoint_without_a_text_encoder_is_refused_with_what_may_be_one()
    {
        string folder = Directory.CreateTempSubdirectory("qb-pth").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "google", "umt5-xxl"));
        foreach (string file in Directory.GetFiles(Path.Combine(Checkpoint, "tokenizer")))
            File.Copy(file, Path.Combine(folder, "google", "umt5-xxl", Path.GetFileName(file)));
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
            Directory.CreateSymbolicLink(Path.Combine(folder, expert), Path.Combine(Checkpoint, expert));

        var error = Assert.Throws<InvalidDataException>(() => new WanImageToVideoPipeline(folder));

        Assert.Contains("no folder 'text_encoder', nor a file models_t5_umt5-xxl-enc-bf16.pth", error.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    private static GeneratedVideo Generate(GenerationOptions options, ExpertMemory memory = ExpertMemory.One,
        IProgress<GenerationProgress>? progress = null)
    {
        using var pipeline = new WanImageToVideoPipeline(Checkpoint, memory: memory);
        return pipeline.Generate(Picture, Prompt, options, progress, ct: TestContext.Current.CancellationToken);
    }

    /// <summary>The processor's factory, with a count of what is open.</summary>
    private sealed class Counting : IDenoiserFactory
    {
        public int Loaded { get; private set; }

        public int Open { get; private set; }

        IDenoiser IDenoiserFactory.Open(WanConfig config, ITensorSource weights, WeightStorage storage)
        {
            Loaded++;
            return new Counted(this, CpuDenoiserFactory.Instance.Open(config, weights, storage));
        }

        IDenoiser IDenoiserFactory.Open(ArtifactExpertModel quantized, WeightStorage storage) => throw new NotSupportedException();

        private sealed class Counted : IDenoiser
        {
            private readonly Counting _count;
            private readonly IDenoiser _expert;

            public Counted(Counting count, IDenoiser expert)
            {
                (_count, _expert) = (count, expert);
                _count.Open++;
            }

            public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning,
                Span<float> velocity, ISiteObserver? observer, int threads, CancellationToken ct) =>
                _expert.Predict(shape, latent, timestep, conditioning, velocity, observer, threads, ct);

            public IDenoiser Share() => new Counted(_count, _expert.Share());

            public void Dispose()
            {
                _count.Open--;
                _expert.Dispose();
            }
        }
    }

    private sealed class Recorder(List<GenerationProgress> seen, Action<GenerationProgress>? then = null) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            seen.Add(value);
            then?.Invoke(value);
        }
    }
}
