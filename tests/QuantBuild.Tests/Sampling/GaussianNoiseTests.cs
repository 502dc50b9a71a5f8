using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Sampling;

public class GaussianNoiseTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Noise_of_the_calibration_set_comes_out_of_its_seeds(int sample)
    {
        using SafeTensorsFile set = SafeTensorsFile.Open(TestData.TinyWan("calibration.safetensors"));
        float[] expected = set.ReadFloat32($"sample.{sample:000}.noise");
        Close.Assert(expected, GaussianNoise.Draw(2000000 + sample, expected.Length), 1e-6);
    }

    [Fact]
    public void A_last_group_that_is_not_full_is_drawn_anew_over_the_last_sixteen()
    {
        float[] values = GaussianNoise.Draw(1, 40), whole = GaussianNoise.Draw(1, 48);
        Assert.Equal(whole[..24], values[..24]);
        Assert.All(values, value => Assert.True(float.IsFinite(value)));
        Assert.NotEqual(whole[24..32], values[24..32]);
    }
}
