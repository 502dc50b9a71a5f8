using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public class RotaryTableTests
{
    [Theory]
    [InlineData(5, 4, 6, 64, 3, 1)]
    [InlineData(2, 3, 2, 22, 2, 1)]
    [InlineData(1, 1, 7, 2, 1, 1)]
    [InlineData(5, 40, 30, 16, 2, 2)]
    public void Every_pair_turns_by_its_position_on_its_axis(int frames, int height, int width, int headDim, int heads, int threads)
    {
        int tokens = frames * height * width;
        int channels = heads * headDim;
        float[] x = ScalarSpecification.Random(1, tokens * channels);
        float[] turned = [.. x];

        new RotaryTable(frames, height, width, headDim).Apply(new MatrixView(turned, tokens, channels), threads);

        for (int token = 0; token < tokens; token++)
        {
            for (int pair = 0; pair < channels / 2; pair++)
            {
                double angle = Angle(token, pair % (headDim / 2));
                int even = (token * channels) + (2 * pair);
                (float cosine, float sine) = ((float)DeterministicMath.Cos(angle), (float)DeterministicMath.Sin(angle));
                Assert.Equal(MathF.FusedMultiplyAdd(x[even], cosine, x[even + 1] * -sine), turned[even]);
                Assert.Equal(MathF.FusedMultiplyAdd(x[even + 1], cosine, x[even] * sine), turned[even + 1]);
            }
        }

        double Angle(int token, int pair)
        {
            int pairs = headDim / 2, third = pairs / 3, first = pairs - (2 * third);
            return pair < first ? (token / (height * width)) * Rate(pair, first)
                : pair < first + third ? (token / width % height) * Rate(pair - first, third)
                : (token % width) * Rate(pair - first - third, third);
        }

        static double Rate(int index, int count) => 1 / DeterministicMath.Pow(10000, (double)index / count);
    }

    [Fact]
    public void The_first_token_does_not_turn()
    {
        float[] x = [1, 2, 3, 4];
        new RotaryTable(1, 1, 1, 4).Apply(new MatrixView(x, 1, 4));
        Assert.Equal([1, 2, 3, 4], x);
    }

    [Fact]
    public void Odd_heads_and_other_sizes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RotaryTable(1, 1, 1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RotaryTable(0, 1, 1, 4));
        Assert.Throws<ArgumentException>(() => new RotaryTable(1, 1, 2, 4).Apply(new MatrixView(new float[12], 3, 4)));
        Assert.Throws<ArgumentException>(() => new RotaryTable(1, 1, 2, 4).Apply(new MatrixView(new float[12], 2, 6)));
    }
}
