using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Compiler.Work;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Torch.Tensors;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>How many experts of the tiny model, 6.8 MB each in bfloat16, stay on a device while samples cross the boundary.</summary>
public sealed class ResidentExpertsTests : IDisposable
{
    private readonly string _store = Directory.CreateTempSubdirectory("quantbuild-experts-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_store, recursive: true);

    [Fact]
    public async Task Both_experts_are_on_the_device_together_only_where_they_fit()
    {
        Plan plan = Planner.Resolve(ManifestReader.Read(TestData.TinyWan("tinywan.quant.json")).Manifest!).Plan!;
        var store = ContentStore.Open(_store);
        ExpertSource[] sources = [.. plan.Experts.Select(expert => ExpertSource.Open(expert, plan.Location, store, 1, Ct))];
        long[] bytes = [.. sources.Select(source => 2 * source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ElementCount))];
        try
        {
            // Three quarters of the limit are for weights.
            (int most, float[][] both) = await SampleAsync(sources, (bytes.Sum() * 4 / 3) + 4);
            Assert.Equal(2, most);
            (most, float[][] one) = await SampleAsync(sources, (bytes.Max() * 4 / 3) + 4);
            Assert.Equal(1, most);
            (most, float[][] none) = await SampleAsync(sources, bytes.Max() * 4 / 3 * 9 / 10);
            Assert.Equal(0, most);

            Assert.Equal(both, one);
            Assert.Equal(both, none);
        }
        finally
        {
            foreach (ExpertSource source in sources)
                source.Dispose();
        }
    }

    /// <summary>Three samples side by side, each through both experts.</summary>
    private static async Task<(int Most, float[][] Latents)> SampleAsync(IReadOnlyList<ExpertSource> sources, long memory)
    {
        var session = new TorchSession(TorchChoice.Of(ComputeDevice.Cpu, ComputeDType.BFloat16,
            new ComputeHost { DeviceMemory = memory, Variable = _ => null, Library = Natives.Folder }));
        ResidentTally tally = session.Runtime().Experts;
        float[][] latents;
        using (var models = new CalibrationModels(new TorchBackend(session), sources, new WorkBudget(1L << 30, 4), Ct))
            latents = await Task.WhenAll(Enumerable.Range(0, 3).Select(seed => Task.Run(() => Sample(models, seed), Ct)));
        Assert.Equal(0, tally.Now);
        return (tally.Most, latents);
    }

    private static float[] Sample(CalibrationModels models, int seed)
    {
        LatentShape shape = TinyWan.Shape;
        return new TwoExpertSampler(() => models.Open(0), () => models.Open(1)).Run(
            new SamplingOptions { Steps = 4, GuidanceHigh = 1, GuidanceLow = 1 }, shape,
            GaussianNoise.Draw(seed, 16 * shape.Volume), new WanConditioning(new float[128], 1, new float[20 * shape.Volume]), ct: Ct);
    }
}
