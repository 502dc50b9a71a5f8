using System.Runtime.InteropServices;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Sampling;

public class FlowScheduleTests
{
    [Theory]
    [InlineData(40, 5)]
    [InlineData(20, 3)]
    public void Timesteps_and_noise_levels_equal_the_official_schedulers(int steps, double shift)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("sampler.safetensors"));
        string prefix = $"steps{steps}_shift{shift}.";
        long[] timesteps = MemoryMarshal.Cast<byte, long>(golden.Bytes(prefix + "timesteps")).ToArray();
        float[] sigmas = golden.ReadFloat32(prefix + "sigmas");

        var schedule = FlowSchedule.Create(steps, shift);

        Assert.Equal(timesteps, schedule.Timesteps.Select(t => (long)t));
        Assert.Equal(sigmas.Length, schedule.Sigmas.Count);
        Assert.All(sigmas.Zip(schedule.Sigmas), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Equal(0, schedule.Sigmas[^1]);
    }

    [Fact]
    public void Forty_steps_give_fifteen_to_the_high_noise_expert() =>
        Assert.Equal(15, FlowSchedule.Create(40, 5).Timesteps.Count(t => t >= 900));

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1001, 5)]
    [InlineData(40, 0)]
    [InlineData(40, double.NaN)]
    [InlineData(40, 1e9)]
    [InlineData(1000, 1e6)]
    [InlineData(40, double.PositiveInfinity)]
    public void Impossible_settings_are_refused(int steps, double shift) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => FlowSchedule.Create(steps, shift));
}
