using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Wan;

public sealed class GrowthTests
{
    private const int Steps = 200;

    private static readonly Models.LatentShape Shape = new(1, 8, 12);
    private static readonly WanConditioning Conditioning = new(new float[128], 1, new float[20 * Shape.Volume]);

    [Theory]
    [InlineData(Models.WeightStorage.Resident)]
    [InlineData(Models.WeightStorage.Mapped)]
    public void Two_hundred_steps_of_a_built_model_leave_nothing_behind(Models.WeightStorage storage)
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        TorchRuntime runtime = Runtimes.BFloat16;
        long beforeAll = torch.Tensor.TotalCount, open;
        using (IDenoiser denoiser = runtime.Open(artifact.LowNoise, storage))
        {
            Run(denoiser, 3);
            long before = torch.Tensor.TotalCount, memory = Environment.WorkingSet;
            Run(denoiser, Steps);
            Assert.Equal(before, torch.Tensor.TotalCount);
            // A pass of this model makes 40 MB of tensors; libtorch's and the runtime's own pools move by less than that of two.
            Assert.InRange(Environment.WorkingSet - memory, long.MinValue, 96L << 20);
            open = before;
        }
        Assert.True(open > beforeAll);
        Assert.Equal(beforeAll, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_pass_that_is_cancelled_or_watched_leaves_nothing_behind()
    {
        using SafeTensorsFile golden = GoldenDit.Open();
        using ShardedCheckpoint source = TinyWan.Open("low");
        using IDenoiser denoiser = Runtimes.Float32.Open(TinyWan.Config("low"), source);
        _ = GoldenDit.Predict(denoiser, golden, "low", 500);
        GC.Collect();
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < 5; i++)
            Assert.Throws<InvalidDataException>(() => GoldenDit.Predict(denoiser, golden, "low", 500, new Failing(i)));

        // Each time the prompt is another object, of which the last four are kept.
        Assert.InRange(torch.Tensor.TotalCount - before, 0, 3);
    }

    [Fact]
    public void Weights_that_stay_in_their_file_are_on_the_device_only_during_a_pass()
    {
        // Ten layers of each block, the four of time and head, and those of patches and text.
        const int Layers = (6 * 10) + 7;
        using ShardedCheckpoint source = TinyWan.Open("low");
        TorchRuntime runtime = Runtimes.Float32;
        long before = torch.Tensor.TotalCount;
        using IDenoiser resident = runtime.Open(TinyWan.Config("low"), source);
        long opened = torch.Tensor.TotalCount;
        using IDenoiser mapped = runtime.Open(TinyWan.Config("low"), source, Models.WeightStorage.Mapped);

        Assert.Equal(opened - before - Layers, torch.Tensor.TotalCount - opened);
        Run(mapped, 1);
        long run = torch.Tensor.TotalCount;
        Run(mapped, 5);
        Assert.Equal(run, torch.Tensor.TotalCount);
    }

    private static void Run(IDenoiser denoiser, int steps)
    {
        var velocity = new float[16 * Shape.Volume];
        for (int i = 0; i < steps; i++)
            denoiser.Predict(Shape, new float[velocity.Length], 899 - (i * 4), Conditioning, velocity);
    }

    private sealed class Failing(int after) : ISiteObserver
    {
        private int _seen;

        public void Observe(int block, WanSite site, SiteInput input)
        {
            input.AccumulateMaxima(new float[input.Channels]);
            if (_seen++ > after * 3)
                throw new InvalidDataException();
        }
    }
}
