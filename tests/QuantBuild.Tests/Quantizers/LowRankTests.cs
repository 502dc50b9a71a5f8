using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class LowRankTests
{
    [Theory]
    [InlineData(0, 8, LowRankMethod.Exact)]
    [InlineData(0, 16, LowRankMethod.Exact)]
    [InlineData(1, 8, LowRankMethod.Exact)]
    [InlineData(1, 16, LowRankMethod.Exact)]
    [InlineData(1, 8, LowRankMethod.Randomized)]
    [InlineData(1, 16, LowRankMethod.Randomized)]
    internal void The_branch_is_as_good_as_the_golden_one(int @case, int rank, LowRankMethod method)
    {
        using var golden = new GoldenSet("lowrank");
        MatrixView weight = golden.Matrix($"case.{@case}.w");
        float[] expected = golden.Floats($"case.{@case}.rank{rank}.bf16"), original = weight.Data.ToArray();

        LowRankBranch branch = LowRankSplit.Of(weight, new LowRankRecipe(rank, method), seed: 1);
        branch.SubtractFrom(weight);

        double goldenResidual = Norm(original.Zip(expected, (w, l) => w - l)), residual = Norm(weight.Data.ToArray());
        Assert.Equal(goldenResidual, residual, 2e-3 * goldenResidual);
        if (method == LowRankMethod.Exact)
        {
            double largest = expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], original[i] - weight.Data[i], 1e-2 * largest);
        }
    }

    [Fact]
    public void The_residual_is_taken_against_the_rounded_factors()
    {
        float[] weight = RandomData.Normal(1, 20 * 48), residual = [.. weight];

        LowRankBranch branch = LowRankSplit.Of(RandomData.Matrix(weight, 48), new LowRankRecipe(5, LowRankMethod.Exact), 1);
        branch.SubtractFrom(RandomData.Matrix(residual, 48));

        for (int o = 0; o < 20; o++)
        {
            for (int i = 0; i < 48; i++)
            {
                float expected = weight[(o * 48) + i];
                for (int r = 0; r < 5; r++)
                    expected = MathF.FusedMultiplyAdd(-BFloat16.ToSingle(branch.UpBits[(o * 5) + r]),
                        BFloat16.ToSingle(branch.DownBits[(r * 48) + i]), expected);
                Assert.Equal(expected, residual[(o * 48) + i]);
            }
        }
    }

    [Fact]
    public void Rank_zero_leaves_the_weight_alone()
    {
        float[] weight = RandomData.Normal(2, 6 * 32), residual = [.. weight];

        LowRankBranch branch = LowRankSplit.Of(RandomData.Matrix(weight, 32), new LowRankRecipe(0, LowRankMethod.Randomized), 1);
        branch.SubtractFrom(RandomData.Matrix(residual, 32));

        Assert.Equal(0, branch.Rank);
        Assert.Equal(weight, residual);
    }

    [Fact]
    public void Stored_factors_come_back_as_they_were()
    {
        LowRankBranch made = LowRankSplit.Of(RandomData.Matrix(RandomData.Normal(3, 24 * 64), 64),
            new LowRankRecipe(4, LowRankMethod.Exact), 1);

        LowRankBranch read = LowRankBranch.FromBits(24, 64, made.UpBits, made.DownBits);

        Assert.Equal(4, read.Rank);
        Assert.Equal(made.Up, read.Up);
        Assert.Equal(made.Down, read.Down);
    }

    [Fact]
    public void The_branch_takes_outlier_channels_away_from_the_residual()
    {
        float[] weight = RandomData.Normal(4, 96 * 64), residual = [.. weight];
        for (int o = 0; o < 96; o++)
            weight[(o * 64) + 7] = residual[(o * 64) + 7] *= 50;

        LowRankSplit.Of(RandomData.Matrix(weight, 64), new LowRankRecipe(2, LowRankMethod.Randomized), 1)
            .SubtractFrom(RandomData.Matrix(residual, 64));

        Assert.True(residual.Max(MathF.Abs) < 0.1 * weight.Max(MathF.Abs));
    }

    [Fact]
    public void Threads_never_change_a_bit()
    {
        float[] weight = RandomData.Normal(5, 200 * 160);
        var recipe = new LowRankRecipe(12, LowRankMethod.Randomized);

        LowRankBranch one = LowRankSplit.Of(RandomData.Matrix(weight, 160), recipe, 7),
            three = LowRankSplit.Of(RandomData.Matrix(weight, 160), recipe, 7, threads: 3);

        Assert.Equal(one.UpBits, three.UpBits);
        Assert.Equal(one.DownBits, three.DownBits);
    }

    [Fact]
    public void A_weight_whose_products_overflow_is_refused_like_one_that_is_not_finite()
    {
        float[] weight = [.. RandomData.Normal(7, 96 * 64).Select(value => value * 1e38f)];

        Assert.Throws<NumericException>(() =>
            LowRankSplit.Of(RandomData.Matrix(weight, 64), new LowRankRecipe(4, LowRankMethod.Randomized), 1));
    }

    [Fact]
    public void Values_that_are_not_finite_are_refused()
    {
        float[] weight = RandomData.Normal(6, 4 * 32);
        weight[40] = float.NaN;

        NumericException error =
            Assert.Throws<NumericException>(() =>
                LowRankSplit.Of(RandomData.Matrix(weight, 32), new LowRankRecipe(2, LowRankMethod.Exact), 1));
        Assert.Throws<NumericException>(() => LowRankBranch.FromBits(1, 1, [0x7F80], [0]));

        Assert.Equal(("smoothed weight", "row 1, channel 8"), (error.Quantity, error.Place));
    }

    [Fact]
    public void Factors_of_other_shapes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => LowRankBranch.FromBits(3, 4, new ushort[6], new ushort[9]));
        Assert.Throws<ArgumentException>(() => LowRankBranch.FromBits(3, 4, new ushort[5], new ushort[8]));
        Assert.Throws<ArgumentException>(() => LowRankBranch.None(3, 4).SubtractFrom(RandomData.Matrix(new float[9], 3)));
    }

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(v => (double)v * v));
}
