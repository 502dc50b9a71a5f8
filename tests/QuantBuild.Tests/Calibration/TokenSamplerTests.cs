using QuantBuild.Compiler.Calibration;

namespace QuantBuild.Tests.Calibration;

public sealed class TokenSamplerTests
{
    [Theory]
    [InlineData(120, 32)]
    [InlineData(120, 120)]
    [InlineData(5, 32)]
    [InlineData(1, 1)]
    [InlineData(0, 4)]
    public void Chooses_different_ascending_rows_that_exist(int rows, int count)
    {
        int[] chosen = TokenSampler.Choose(42, 3, 950, 2, rows, count);

        Assert.Equal(Math.Min(rows, count), chosen.Length);
        Assert.Equal(chosen.Distinct().Order(), chosen);
        Assert.All(chosen, row => Assert.InRange(row, 0, rows - 1));
    }

    [Fact]
    public void Depends_on_every_part_of_what_it_is_for_and_on_nothing_else()
    {
        int[] chosen = TokenSampler.Choose(42, 3, 950, 2, 120, 32);

        Assert.Equal(chosen, TokenSampler.Choose(42, 3, 950, 2, 120, 32));
        Assert.NotEqual(chosen, TokenSampler.Choose(43, 3, 950, 2, 120, 32));
        Assert.NotEqual(chosen, TokenSampler.Choose(42, 4, 950, 2, 120, 32));
        Assert.NotEqual(chosen, TokenSampler.Choose(42, 3, 949, 2, 120, 32));
        Assert.NotEqual(chosen, TokenSampler.Choose(42, 3, 950, 3, 120, 32));
    }

    [Fact]
    public void Keeps_the_choice_of_released_versions()
    {
        // The stored keys of Trajectory promise these rows; a change here needs a new stage version.
        Assert.Equal([0, 1, 3, 9], TokenSampler.Choose(42, 0, 999, 0, 10, 4));
    }

    [Fact]
    public void Gives_every_row_the_same_chance()
    {
        var counts = new int[20];
        for (int sample = 0; sample < 4000; sample++)
        {
            foreach (int row in TokenSampler.Choose(1, sample, 500, 0, 20, 5))
                counts[row]++;
        }

        // Expected 1000 each with a standard deviation of 27.
        Assert.All(counts, count => Assert.InRange(count, 860, 1140));
    }
}
