using QuantBuild.Formats;

namespace QuantBuild.Tests.Formats;

public sealed class E8M0Tests
{
    [Fact]
    public void Every_byte_is_a_power_of_two_with_an_exact_reciprocal()
    {
        for (int code = 0; code < 255; code++)
        {
            Assert.Equal(Math.ScaleB(1.0, code - 127), (double)E8M0.Decode((byte)code));
            Assert.Equal(1f, E8M0.Decode((byte)code) * E8M0.Inverse((byte)code));
            Assert.Equal(code, E8M0.FromExponent(code - 127));
        }
        Assert.True(float.IsNaN(E8M0.Decode(255)) && float.IsNaN(E8M0.Inverse(255)));
    }

    [Fact]
    public void Exponents_out_of_range_saturate_and_never_become_nan()
    {
        Assert.Equal(0, E8M0.FromExponent(-1000));
        Assert.Equal(254, E8M0.FromExponent(1000));
        Assert.Equal(254, E8M0.ForMaximum(float.PositiveInfinity, ScaleRule.Floor));
        Assert.Equal(0, E8M0.ForMaximum(float.Epsilon, ScaleRule.Ceil));
        Assert.Equal(E8M0.One, E8M0.ForMaximum(0, ScaleRule.Ceil, 3));
    }

    [Theory]
    [InlineData(1.0f, -2, -2)]
    [InlineData(1.5f, -2, -2)]
    [InlineData(1.51f, -2, -1)]
    [InlineData(1.8125f, -2, -1)]
    [InlineData(2f, -1, -1)]
    [InlineData(6f, 0, 0)]
    [InlineData(6.01f, 0, 1)]
    [InlineData(8f, 1, 1)]
    public void Exponents_of_the_table_of_scale_rules(float maximum, int floor, int ceil)
    {
        Assert.Equal(floor, E8M0.Exponent(maximum, ScaleRule.Floor));
        Assert.Equal(ceil, E8M0.Exponent(maximum, ScaleRule.Ceil));
    }

    [Fact]
    public void Exponents_meet_their_definition_at_every_power_of_two_and_at_every_six_times_one()
    {
        for (int power = -149; power <= 127; power++)
        {
            foreach (double factor in (double[])[1, 1.5])
            {
                var center = (float)Math.ScaleB(factor, power);
                foreach (float maximum in (float[])[MathF.BitDecrement(center), center, MathF.BitIncrement(center)])
                {
                    if (maximum == 0 || float.IsInfinity(maximum))
                        continue;
                    int floor = E8M0.Exponent(maximum, ScaleRule.Floor);
                    Assert.True(Math.ScaleB(1.0, floor + 2) <= maximum && maximum < Math.ScaleB(1.0, floor + 3), $"floor of {maximum:R}");
                    int ceil = E8M0.Exponent(maximum, ScaleRule.Ceil);
                    Assert.True(Math.ScaleB(6.0, ceil - 1) < maximum && maximum <= Math.ScaleB(6.0, ceil), $"ceil of {maximum:R}");
                }
            }
        }
    }
}
