using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed class ChannelMaximumTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(5, 8)]
    [InlineData(9, 33)]
    public void Is_the_largest_magnitude_of_every_channel_and_of_what_was_there(int rows, int channels)
    {
        var random = new Random(42);
        float[] x = [.. Enumerable.Range(0, rows * channels).Select(_ => ((float)random.NextDouble() * 2) - 1)];
        float[] maximum = [.. Enumerable.Range(0, channels).Select(c => c % 3 == 0 ? 0.5f : 0)];
        float[] expected =
            [.. maximum.Select((old, c) => Math.Max(old, Enumerable.Range(0, rows).Max(r => Math.Abs(x[(r * channels) + c]))))];

        ChannelMaximum.Accumulate(new ReadOnlyMatrixView(x, rows, channels), maximum);

        Assert.Equal(expected, maximum);
    }

    [Fact]
    public void Shows_values_that_are_not_finite()
    {
        float[] x = [1, float.NaN, float.NegativeInfinity, -2];
        var maximum = new float[4];

        ChannelMaximum.Accumulate(new ReadOnlyMatrixView(x, 1, 4), maximum);

        Assert.Equal([1, float.NaN, float.PositiveInfinity, 2], maximum);
    }
}
