using System.Globalization;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.Tests.Sampling;

public class TrajectoryTests
{
    [Theory]
    [InlineData(0, 1, "nocfg")]
    [InlineData(1, 1, "nocfg")]
    [InlineData(0, 3.5, "cfg3.5")]
    [InlineData(1, 3.5, "cfg3.5")]
    public void Whole_sampling_runs_follow_the_official_ones(int sample, double guidance, string name)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("trajectory.safetensors"));
        using SafeTensorsFile data = SafeTensorsFile.Open(TestData.TinyWan("calibration.safetensors"));
        string prefix = string.Create(CultureInfo.InvariantCulture, $"sample.{sample:000}.");
        float[] expected = golden.ReadFloat32($"{prefix}{name}.latents");
        float[] y = data.ReadFloat32(prefix + "y");
        var conditioning = new WanConditioning(data.ReadFloat32(prefix + "context"), (int)data.Tensors[prefix + "context"].Shape[0], y);
        var nothing = new WanConditioning(data.ReadFloat32("null_context"), 1, y);
        var options = new SamplingOptions { GuidanceHigh = guidance, GuidanceLow = guidance };
        var sampler = new TwoExpertSampler(() => new WanTransformer(TinyWan.Weights("high")), () =>
            new WanTransformer(TinyWan.Weights("low")));
        int steps = 0;

        sampler.Run(options, TinyWan.Shape, data.ReadFloat32(prefix + "noise"), conditioning, nothing, progress: step =>
        {
            int length = step.Latent.Length;
            Close.Assert(expected.AsSpan((step.Index + 1) * length, length), step.Latent.Span, step.Index < 10 ? 1e-4 : 1e-3);
            steps++;
        }, ct: TestContext.Current.CancellationToken);

        Assert.Equal(40, steps);
    }
}
