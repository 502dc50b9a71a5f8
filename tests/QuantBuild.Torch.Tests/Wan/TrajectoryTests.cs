using System.Globalization;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.Torch.Tests.Wan;

public sealed class TrajectoryTests
{
    [Theory]
    [InlineData(0, 1, "nocfg")]
    [InlineData(1, 3.5, "cfg3.5")]
    public void In_float32_whole_sampling_runs_follow_the_official_ones(int sample, double guidance, string name)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("trajectory.safetensors"));
        using SafeTensorsFile data = SafeTensorsFile.Open(TestData.TinyWan("calibration.safetensors"));
        using ShardedCheckpoint high = TinyWan.Open("high"), low = TinyWan.Open("low");
        string prefix = string.Create(CultureInfo.InvariantCulture, $"sample.{sample:000}.");
        float[] expected = golden.ReadFloat32($"{prefix}{name}.latents");
        float[] y = data.ReadFloat32(prefix + "y");
        var conditioning = new WanConditioning(data.ReadFloat32(prefix + "context"), (int)data.Tensors[prefix + "context"].Shape[0], y);
        var nothing = new WanConditioning(data.ReadFloat32("null_context"), 1, y);
        var sampler = new TwoExpertSampler(
            () => Runtimes.Float32.Open(TinyWan.Config("high"), high), () => Runtimes.Float32.Open(TinyWan.Config("low"), low));
        int steps = 0;

        sampler.Run(new SamplingOptions { GuidanceHigh = guidance, GuidanceLow = guidance }, TinyWan.Shape,
            data.ReadFloat32(prefix + "noise"), conditioning, nothing, progress: step =>
            {
                int length = step.Latent.Length;
                Close.Assert(expected.AsSpan((step.Index + 1) * length, length), step.Latent.Span, step.Index < 10 ? 1e-4 : 1e-3);
                steps++;
            }, ct: TestContext.Current.CancellationToken);

        Assert.Equal(40, steps);
    }
}
