using QuantBuild.Denoisers;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Tests.Artifacts;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.BackendTests;

/// <summary>Experts that a backend opens, against the golden values of the official model.</summary>
public abstract class DenoiserTests : BackendSuite
{
    // What rounding to bfloat16 takes away at most.
    private const double Half = 1.0 / 256;

    [Theory]
    [InlineData("high", 999)]
    [InlineData("high", 950)]
    [InlineData("high", 901)]
    [InlineData("low", 899)]
    [InlineData("low", 500)]
    [InlineData("low", 50)]
    public void Predictions_and_what_observers_can_ask_equal_the_official_model(string expert, int timestep)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        using var model = new OpenTinyWan(Backend.Models, expert);
        string prefix = $"{expert}.t{timestep}.";
        var observer = new GoldenObserver(golden, prefix, Fixture.Tolerance.Model);
        var velocity = new float[16 * TinyWan.Shape.Volume];

        model.Denoiser.Predict(TinyWan.Shape, golden.ReadFloat32(prefix + "x"), timestep, Golden.Conditioning(golden), velocity, observer,
            threads: 2, Ct);

        Close.Assert(golden.ReadFloat32(prefix + "output"), velocity, Fixture.Tolerance.Model);
        Assert.Equal(golden.Tensors.Keys.Count(name => name.StartsWith(prefix + "block.", StringComparison.Ordinal)), observer.Compared);
        Assert.Equal(Enumerable.Range(0, 6).SelectMany(block => WanLayers.Sites.Select(site => (block, site))), observer.Seen);
    }

    [Theory]
    [InlineData(1, 2, 2)]
    [InlineData(3, 6, 10)]
    public void Latents_of_odd_sizes_are_predicted_as_the_processor_does(int frames, int height, int width)
    {
        var shape = new LatentShape(frames, height, width);
        using OpenTinyWan model = new(Backend.Models, "high"), processor = new(CpuDenoiserFactory.Instance, "high");

        Close.Assert(Predict(processor.Denoiser, shape), Predict(model.Denoiser, shape), Fixture.Tolerance.Model);
    }

    [Fact]
    public void Weights_in_their_file_predict_what_resident_ones_do()
    {
        using OpenTinyWan resident = new(Backend.Models, "low"), mapped = new(Backend.Models, "low", WeightStorage.Mapped);

        Assert.Equal(Predict(resident.Denoiser, TinyWan.Shape), Predict(mapped.Denoiser, TinyWan.Shape));
    }

    [Fact]
    public void Those_that_share_weights_predict_the_same_side_by_side_and_after_the_first_is_gone()
    {
        using var model = new OpenTinyWan(Backend.Models, "high");
        float[] expected = Predict(model.Denoiser, TinyWan.Shape);
        IDenoiser[] shared = [model.Denoiser.Share(), model.Denoiser.Share()];
        model.Denoiser.Dispose();
        var velocities = new float[2][];

        Parallel.For(0, 2, i => velocities[i] = Predict(shared[i], TinyWan.Shape));
        foreach (IDenoiser one in shared)
            one.Dispose();

        Assert.All(velocities, velocity => Assert.Equal(expected, velocity));
    }

    [Fact]
    public void A_used_model_predicts_what_a_new_one_does()
    {
        using OpenTinyWan used = new(Backend.Models, "high"), other = new(Backend.Models, "high");
        Predict(used.Denoiser, new LatentShape(2, 4, 6));
        Predict(used.Denoiser, TinyWan.Shape, timestep: 999);

        Assert.Equal(Predict(other.Denoiser, TinyWan.Shape), Predict(used.Denoiser, TinyWan.Shape));
    }

    [Fact]
    public void A_nan_in_the_latent_reaches_the_velocity_and_the_observer()
    {
        using var model = new OpenTinyWan(Backend.Models, "high");
        var observer = new Maxima();

        float[] velocity = Predict(model.Denoiser, TinyWan.Shape, latent => latent[100] = float.NaN, observer);

        Assert.Contains(velocity, float.IsNaN);
        Assert.Contains(observer.Values, float.IsNaN);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        using var model = new OpenTinyWan(Backend.Models, "high");
        var conditioning = new WanConditioning(new float[128], 1, new float[20 * TinyWan.Shape.Volume]);
        float[] latent = new float[16 * TinyWan.Shape.Volume];

        Assert.ThrowsAny<ArgumentException>(() =>
            model.Denoiser.Predict(TinyWan.Shape, latent.AsSpan(1), 950, conditioning, latent, ct: Ct));
        Assert.ThrowsAny<ArgumentException>(() => model.Denoiser.Predict(TinyWan.Shape, latent, -1, conditioning, latent, ct: Ct));
        Assert.ThrowsAny<ArgumentException>(() =>
            model.Denoiser.Predict(TinyWan.Shape, latent, 950, conditioning, new float[3], ct: Ct));
        Assert.ThrowsAny<ArgumentException>(() =>
            model.Denoiser.Predict(new LatentShape(5, 7, 12), latent, 950, conditioning, latent, ct: Ct));
    }

    [Fact]
    public void A_prediction_that_is_cancelled_ends_and_the_next_one_is_right()
    {
        using OpenTinyWan model = new(Backend.Models, "high"), other = new(Backend.Models, "high");
        using var source = new CancellationTokenSource();
        var observer = new Maxima { At = block => { if (block == 2) source.Cancel(); } };

        Assert.ThrowsAny<OperationCanceledException>(() =>
            Predict(model.Denoiser, TinyWan.Shape, observer: observer, ct: source.Token));

        Assert.InRange(observer.LastBlock, 2, 3);
        Assert.Equal(Predict(other.Denoiser, TinyWan.Shape), Predict(model.Denoiser, TinyWan.Shape));
    }

    [Fact]
    public void Tensors_that_are_missing_are_named()
    {
        Assert.Contains("patch_embedding",
            Assert.Throws<SafeTensorsException>(() => Backend.Models.Open(TinyWan.Config("high"), new OneTensor("x", [1], [0]))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightStorage.Resident, 970)]
    [InlineData(WeightStorage.Resident, 910)]
    [InlineData(WeightStorage.Mapped, 910)]
    public void Quantized_experts_predict_what_the_processor_does(WeightStorage storage, int timestep)
    {
        string folder = Directory.CreateTempSubdirectory("qb-backend").FullName;
        try
        {
            new TestArtifact().Write(folder);
            using ModelArtifact artifact = ModelArtifact.Open(folder);
            using IDenoiser model = Backend.Models.Open(artifact.HighNoise, storage),
                processor = CpuDenoiserFactory.Instance.Open(artifact.HighNoise);

            Close.Assert(Predict(processor, new LatentShape(1, 4, 4), timestep: timestep, config: TestArtifact.Config),
                Predict(model, new LatentShape(1, 4, 4), timestep: timestep, config: TestArtifact.Config), Fixture.Tolerance.Quantized);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static float[] Predict(IDenoiser model, LatentShape shape, Action<float[]>? change = null, ISiteObserver? observer = null,
        int timestep = 950, WanConfig? config = null, CancellationToken? ct = null)
    {
        config ??= TinyWan.Config("high");
        float[] latent = Values(config.OutDim * shape.Volume, 1), velocity = new float[latent.Length];
        change?.Invoke(latent);
        model.Predict(shape, latent, timestep,
            new WanConditioning(Values(3 * config.TextDim, 2), 3, Values(config.ConditionDim * shape.Volume, 3)), velocity, observer,
            threads: 2, ct ?? Ct);
        return velocity;
    }

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private sealed class OpenTinyWan : IDisposable
    {
        private readonly ShardedCheckpoint _weights;

        public OpenTinyWan(IDenoiserFactory models, string expert, WeightStorage storage = WeightStorage.Resident)
        {
            _weights = TinyWan.Open(expert);
            Denoiser = models.Open(TinyWan.Config(expert), _weights, storage);
        }

        public IDenoiser Denoiser { get; }

        public void Dispose()
        {
            Denoiser.Dispose();
            _weights.Dispose();
        }
    }

    /// <summary>Compares maxima and every other row with the golden inputs of layers and outputs of blocks.</summary>
    private sealed class GoldenObserver(SafeTensorsFile golden, string prefix, double tolerance) : ISiteObserver
    {
        public List<(int Block, WanSite Site)> Seen { get; } = [];

        public int Compared { get; private set; }

        public void Observe(int block, WanSite site, SiteInput input)
        {
            Seen.Add((block, site));
            foreach (string layer in WanLayers.LayersOf(site))
                Compare($"{prefix}block.{block}.{layer}.input", input);
        }

        public void ObserveResidual(int block, SiteInput residual) => Compare($"{prefix}block.{block}.output", residual);

        private void Compare(string name, SiteInput input)
        {
            if (!golden.Tensors.TryGetValue(name, out TensorInfo? tensor))
                return;
            Assert.Equal(tensor.Shape, [input.Tokens, input.Channels]);
            float[] expected = golden.ReadFloat32(name), maximum = new float[input.Channels];
            input.AccumulateMaxima(maximum);
            Close.Assert([.. Enumerable.Range(0, input.Channels).Select(channel =>
                Enumerable.Range(0, input.Tokens).Max(token => Math.Abs(expected[(token * input.Channels) + channel])))], maximum,
                tolerance);

            int[] tokens = [.. Enumerable.Range(0, input.Tokens).Where(token => token % 2 == 1)];
            var bits = new ushort[tokens.Length * input.Channels];
            input.Gather(tokens, bits);
            var rows = new float[bits.Length];
            BFloat16.ToSingle(bits, rows);
            Close.Assert([.. tokens.SelectMany(token => expected.Skip(token * input.Channels).Take(input.Channels))], rows,
                Half + tolerance);
            Compared++;
        }
    }

    private sealed class Maxima : ISiteObserver
    {
        public List<float> Values { get; } = [];

        public int LastBlock { get; private set; }

        public Action<int>? At { get; init; }

        public void Observe(int block, WanSite site, SiteInput input)
        {
            LastBlock = block;
            var maximum = new float[input.Channels];
            input.AccumulateMaxima(maximum);
            Values.AddRange(maximum);
            At?.Invoke(block);
        }
    }
}
