using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Torch.Native;

namespace QuantBuild.Torch.Tests.Wan;

public sealed class DenoiserTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("high", 999)]
    [InlineData("high", 950)]
    [InlineData("high", 901)]
    [InlineData("low", 899)]
    [InlineData("low", 500)]
    [InlineData("low", 50)]
    public void In_float32_predictions_and_everything_recorded_on_the_way_equal_the_official_model(string expert, int timestep)
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using IDenoiser denoiser = Open(Runtimes.Float32, expert);
        string prefix = $"{expert}.t{timestep}.";
        var observer = new Comparison(golden, prefix);

        float[] velocity = GoldenDit.Predict(denoiser, golden, expert, timestep, observer);

        Close.Assert(golden.ReadFloat32(prefix + "output"), velocity, 1e-4);
        Assert.Equal(golden.Tensors.Keys.Count(name => name.StartsWith(prefix + "block.", StringComparison.Ordinal)), observer.Compared);
    }

    [Fact]
    public void A_text_to_video_model_predicts_what_it_predicts_on_the_processor()
    {
        string folder = Directory.CreateTempSubdirectory("quantbuild-t2v").FullName;
        var shape = new LatentShape(2, 6, 8);
        float[] latent = GaussianNoise.Draw(2, 16 * shape.Volume);
        var prompt = new WanConditioning(GaussianNoise.Draw(1, 3 * 128), 3, []);
        (var expected, var actual) = (new float[latent.Length], new float[latent.Length]);
        try
        {
            string expert = Path.Combine(TextToVideoCheckpoint.Write(folder), "high_noise_model");
            using WanTransformer processor = TextToVideoCheckpoint.Load(folder, "high_noise_model");
            using WanCheckpoint weights = WanCheckpoint.Open(expert);
            using IDenoiser torch = Runtimes.Float32.Open(WanConfig.Load(Path.Combine(expert, "config.json")), weights);

            processor.Predict(shape, latent, 950, prompt, expected, ct: Ct);
            torch.Predict(shape, latent, 950, prompt, actual, ct: Ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Close.Assert(expected, actual, 1e-4);
    }

    [Theory]
    [InlineData("high", 950)]
    [InlineData("low", 500)]
    public void In_bfloat16_predictions_are_as_near_as_that_type_allows(string expert, int timestep)
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using IDenoiser denoiser = Open(Runtimes.BFloat16, expert);

        float[] velocity = GoldenDit.Predict(denoiser, golden, expert, timestep);

        Assert.InRange(Errors.Relative(golden.ReadFloat32($"{expert}.t{timestep}.output"), velocity), 1e-5, 1e-2);
    }

    [Theory]
    [InlineData(TorchPrecision.Float32)]
    [InlineData(TorchPrecision.BFloat16)]
    public void Weights_that_stay_in_their_file_give_the_same_bytes(TorchPrecision precision)
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using ShardedCheckpoint source = TinyWan.Open("high");
        using IDenoiser resident = Runtimes.Of(precision).Open(TinyWan.Config("high"), source);
        using IDenoiser mapped = Runtimes.Of(precision).Open(TinyWan.Config("high"), source, WeightStorage.Mapped);

        Assert.Equal(GoldenDit.Predict(resident, golden, "high", 950), GoldenDit.Predict(mapped, golden, "high", 950));
    }

    [Fact]
    public void A_shared_denoiser_predicts_the_same_after_the_first_is_gone()
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        IDenoiser first = Open(Runtimes.BFloat16, "low");
        float[] expected = GoldenDit.Predict(first, golden, "low", 500);
        using IDenoiser second = first.Share();
        first.Dispose();
        first.Dispose();

        Assert.Equal(expected, GoldenDit.Predict(second, golden, "low", 500));
        Assert.Throws<ObjectDisposedException>(() => GoldenDit.Predict(first, golden, "low", 500));
    }

    [Fact]
    public void A_used_denoiser_predicts_what_a_new_one_does()
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using IDenoiser used = Open(Runtimes.Float32, "high");
        float[] expected = GoldenDit.Predict(used, golden, "high", 950);
        var shape = new LatentShape(2, 4, 6);
        for (int i = 0; i < 6; i++)
            used.Predict(shape, new float[16 * 48], 901 + i, new WanConditioning(new float[128], 1, new float[20 * 48]),
                new float[16 * 48], ct: Ct);

        Assert.Equal(expected, GoldenDit.Predict(used, golden, "high", 950));
    }

    [Fact]
    public void A_nan_is_an_error_and_reaches_no_result_silently()
    {
        using IDenoiser denoiser = Open(Runtimes.BFloat16, "high");
        var latent = new float[16 * TinyWan.Shape.Volume];
        latent[100] = float.NaN;

        var error = Assert.Throws<TorchException>(() => denoiser.Predict(TinyWan.Shape, latent, 950,
            new WanConditioning(new float[128], 1, new float[20 * TinyWan.Shape.Volume]), new float[latent.Length], ct: Ct));

        Assert.Equal(TorchProblem.NotFinite, error.Problem);
    }

    [Theory]
    [InlineData(16 * 479, 20 * 480, 500)]
    [InlineData(16 * 480, 20 * 479, 500)]
    [InlineData(16 * 480, 20 * 480, -1)]
    public void Sizes_that_do_not_fit_are_refused(int latent, int y, int timestep)
    {
        using IDenoiser denoiser = Open(Runtimes.Float32, "low");
        Assert.ThrowsAny<ArgumentException>(() => denoiser.Predict(TinyWan.Shape, new float[latent], timestep,
            new WanConditioning(new float[128], 1, new float[y]), new float[latent], ct: Ct));
    }

    [Fact]
    public void Cancellation_ends_a_pass_between_branches()
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using IDenoiser denoiser = Open(Runtimes.Float32, "low");
        using var cancellation = new CancellationTokenSource();
        var observer = new Cancelling(cancellation);
        var velocity = new float[16 * TinyWan.Shape.Volume];

        Assert.ThrowsAny<OperationCanceledException>(() => denoiser.Predict(TinyWan.Shape, golden.ReadFloat32("low.t500.x"), 500,
            GoldenDit.Conditioning(golden), velocity, observer, ct: cancellation.Token));

        Assert.Equal(2, observer.Seen);
    }

    [Fact]
    public void A_missing_tensor_and_one_of_another_shape_are_named()
    {
        using ShardedCheckpoint source = TinyWan.Open("low");
        WanConfig config = TinyWan.Config("low");

        Assert.Contains("blocks.6.modulation", Assert.Throws<SafeTensorsException>(() =>
            Runtimes.Float32.Open(config with { NumLayers = 7 }, source)).Message, StringComparison.Ordinal);
        Assert.Contains("ffn.0", Assert.Throws<SafeTensorsException>(() =>
            Runtimes.Float32.Open(config with { FfnDim = 64 }, source)).Message, StringComparison.Ordinal);
    }

    private static IDenoiser Open(TorchRuntime runtime, string expert)
    {
        using ShardedCheckpoint source = TinyWan.Open(expert);
        return runtime.Open(TinyWan.Config(expert), source);
    }

    private sealed class Cancelling(CancellationTokenSource cancellation) : ISiteObserver
    {
        public int Seen { get; private set; }

        public void Observe(int block, WanSite site, SiteInput input)
        {
            Seen++;
            cancellation.Cancel();
        }
    }

    private sealed class Comparison(SafeTensorsFile golden, string prefix) : ISiteObserver
    {
        public int Compared { get; private set; }

        public void Observe(int block, WanSite site, SiteInput input)
        {
            foreach (string layer in WanLayers.LayersOf(site))
                Compare($"{prefix}block.{block}.{layer}.input", input);
        }

        public void ObserveResidual(int block, SiteInput residual) => Compare($"{prefix}block.{block}.output", residual);

        private void Compare(string name, SiteInput values)
        {
            if (!golden.Tensors.TryGetValue(name, out TensorInfo? tensor))
                return;
            Assert.Equal(tensor.Shape, [values.Tokens, values.Channels]);
            float[] expected = golden.ReadFloat32(name);
            var rows = new ushort[expected.Length];
            values.Gather([.. Enumerable.Range(0, values.Tokens)], rows);
            // Rounded to bfloat16: half a unit in the last of eight places.
            Close.Assert(expected, [.. rows.Select(BFloat16.ToSingle)], 1e-4 + (1.0 / 256));
            var maximum = new float[values.Channels];
            values.AccumulateMaxima(maximum);
            Close.Assert([.. Enumerable.Range(0, values.Channels).Select(c =>
                Enumerable.Range(0, values.Tokens).Max(t => Math.Abs(expected[(t * values.Channels) + c])))], maximum, 1e-4);
            Compared++;
        }
    }
}
