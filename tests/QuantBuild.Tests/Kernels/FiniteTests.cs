using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public class FiniteTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void One_bad_value_is_found_wherever_it_is(float bad)
    {
        float[] values = [.. Enumerable.Range(0, 53).Select(i => i % 2 == 0 ? float.MaxValue : -float.Epsilon)];
        Assert.True(Finite.IsFinite(values));
        for (int i = 0; i < values.Length; i++)
        {
            float[] broken = [.. values];
            broken[i] = bad;
            Assert.False(Finite.IsFinite(broken));
        }
    }

    [Fact]
    public void Nothing_is_finite() => Assert.True(Finite.IsFinite([]));
}
