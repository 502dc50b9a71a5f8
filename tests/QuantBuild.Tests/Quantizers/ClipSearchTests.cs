using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.Tests.Quantizers;

public class ClipSearchTests
{
    private const int Channels = 96, Outputs = 24;
    private static readonly ActivationRecipe Recipe = new(ClipGranularity.Block, [0.6, 0.7, 0.8, 0.9, 1.0], [-1, 0, 1], TieRule.Even,
        ClipObjective.Output);

    private static readonly float[] Residual = RandomData.Normal(1, Outputs * Channels);
    private static readonly PackedWeight Packed = RoundToNearest.Quantize(RandomData.Matrix(Residual, Channels), TieRule.Even).Weight;
    private static readonly float[] Rounded = Packed.Dequantize();

    [Theory]
    [InlineData(ClipGranularity.Block, ClipObjective.Output)]
    [InlineData(ClipGranularity.Block, ClipObjective.Activation)]
    [InlineData(ClipGranularity.Bin, ClipObjective.Output)]
    [InlineData(ClipGranularity.Bin, ClipObjective.Activation)]
    internal void Every_error_and_the_choice_equal_brute_force(ClipGranularity granularity, ClipObjective objective)
    {
        float[] x = HeavyTailed(2, 130);
        ActivationRecipe recipe = Recipe with { Granularity = granularity, Objective = objective };

        ClipResult result = Search(x, recipe);

        Assert.Equal(15, result.Candidates.Length);
        float magnitude = x.Max(MathF.Abs);
        foreach (ClipCandidate candidate in result.Candidates)
        {
            double expected = BruteForce(x, recipe, candidate, magnitude);
            Assert.Equal(expected, candidate.Error, 1e-5 * expected);
        }
        Assert.Equal(result.Candidates.Min(candidate => candidate.Error), result.Best.Error);
        Assert.Equal(magnitude, result.ReferenceMagnitude);
        Assert.Equal(granularity == ClipGranularity.Bin ? (float)result.Best.Ratio * magnitude : null, result.Threshold);
    }

    [Fact]
    public void Candidates_come_in_the_order_of_the_recipe()
    {
        ClipResult result = Search(HeavyTailed(3, 4), Recipe with { ClipRatios = [0.5, 1], ExponentOffsets = [-1, 2] });

        Assert.Equal([(0.5, -1), (0.5, 2), (1, -1), (1, 2)], result.Candidates.Select(c => (c.Ratio, c.ExponentOffset)));
    }

    [Fact]
    public void Ties_go_to_the_ratio_nearest_one_and_then_to_the_offset_nearest_zero()
    {
        ClipResult zeros = Search(new float[3 * Channels], Recipe);
        ClipResult empty = Search([], Recipe with { ExponentOffsets = [-1, 1] });

        Assert.Equal((1.0, 0), (zeros.Best.Ratio, zeros.Best.ExponentOffset));
        Assert.Equal((1.0, -1), (empty.Best.Ratio, empty.Best.ExponentOffset));
    }

    [Fact]
    public void Half_the_ratio_is_one_exponent_less()
    {
        float[] x = HeavyTailed(4, 40);

        double half = Search(x, Recipe with { ClipRatios = [0.5], ExponentOffsets = [0] }).Best.Error;
        double lower = Search(x, Recipe with { ClipRatios = [1], ExponentOffsets = [-1] }).Best.Error;

        Assert.Equal(half, lower);
    }

    [Fact]
    public void An_error_depends_on_the_other_candidates_by_rounding_only()
    {
        float[] x = HeavyTailed(5, 60);

        double alone = Search(x, Recipe with { ClipRatios = [0.8], ExponentOffsets = [0] }).Best.Error;

        Assert.Equal(alone, Search(x, Recipe).Candidates.Single(c => c is { Ratio: 0.8, ExponentOffset: 0 }).Error, 1e-6 * alone);
    }

    [Theory]
    [InlineData(ClipObjective.Output)]
    [InlineData(ClipObjective.Activation)]
    internal void Candidates_far_apart_are_measured_as_well_as_near_ones(ClipObjective objective)
    {
        float[] x = HeavyTailed(9, 50);
        ActivationRecipe recipe = Recipe with { ClipRatios = [1, 0.01, 0.3], ExponentOffsets = [0, 3], Objective = objective };

        ClipResult result = Search(x, recipe);

        foreach (ClipCandidate candidate in result.Candidates)
        {
            double expected = BruteForce(x, recipe, candidate, 0);
            Assert.Equal(expected, candidate.Error, 1e-5 * expected);
        }
    }

    [Fact]
    public void Candidates_that_round_alike_have_the_same_error()
    {
        float[] x = HeavyTailed(10, 40);

        ClipResult result = Search(x, Recipe with { ClipRatios = [0.5, 1], ExponentOffsets = [-1, 0] });

        Assert.Equal(result.Candidates.Single(c => c is { Ratio: 0.5, ExponentOffset: 0 }).Error,
            result.Candidates.Single(c => c is { Ratio: 1, ExponentOffset: -1 }).Error);
    }

    [Fact]
    public void Many_tokens_go_by_in_portions_without_changing_the_sum()
    {
        float[] x = HeavyTailed(6, ClipErrors.TokensAtOnce + ClipErrors.TokensOfPortion + 70);
        ActivationRecipe recipe = Recipe with { ClipRatios = [0.7], ExponentOffsets = [0] };

        ClipResult result = Search(x, recipe);

        double expected = BruteForce(x, recipe, result.Best, 0);
        Assert.Equal(expected, result.Best.Error, 1e-5 * expected);
    }

    [Fact]
    public void The_thread_count_never_changes_a_bit()
    {
        float[] x = HeavyTailed(7, 300);

        ClipResult one = Search(x, Recipe), four = Search(x, Recipe, threads: 4);

        Assert.Equal(one.Candidates.AsEnumerable(), four.Candidates);
    }

    [Fact]
    public void Without_a_rounding_error_only_the_residual_counts()
    {
        float[] x = [.. Enumerable.Range(0, 5 * Channels).Select(i => (float)((i % 7) - 3))];

        ClipResult activation =
            Search(x, Recipe with { Objective = ClipObjective.Activation, ClipRatios = [1], ExponentOffsets = [-1, 0] });

        Assert.Equal(0, activation.Best.Error);
        Assert.Equal(0, activation.Best.ExponentOffset);
    }

    [Fact]
    public void An_activation_that_is_not_finite_is_refused()
    {
        float[] x = HeavyTailed(8, 3);
        x[Channels + 5] = float.PositiveInfinity;

        NumericException error = Assert.Throws<NumericException>(() => Search(x, Recipe));

        Assert.Equal(("activation", "row 1, channel 5"), (error.Quantity, error.Place));
    }

    [Fact]
    public void No_candidate_is_no_search()
    {
        Assert.Throws<ArgumentException>(() => Search([], Recipe with { ClipRatios = ImmutableArray<double>.Empty }));
    }

    private static ClipResult Search(float[] x, ActivationRecipe recipe, int threads = 1) =>
        ClipSearch.Search(RandomData.Matrix(x, Channels), RandomData.Matrix(Residual, Channels), Packed, recipe, threads);

    private static float[] HeavyTailed(int seed, int tokens)
    {
        float[] x = RandomData.Tokens(seed, tokens, Channels);
        return [.. x.Select(v => v * v * v)];
    }

    private static double BruteForce(float[] x, ActivationRecipe recipe, ClipCandidate candidate, float magnitude)
    {
        double error = 0;
        for (int token = 0; token < x.Length; token += Channels)
        {
            float[] q = Quantize(x[token..(token + Channels)], recipe, candidate, magnitude);
            for (int o = 0; o < Outputs; o++)
            {
                double difference = 0;
                for (int i = 0; i < Channels; i++)
                {
                    float reference = recipe.Objective == ClipObjective.Output ? Residual[(o * Channels) + i] : Rounded[(o * Channels) + i];
                    difference += ((double)x[token + i] * reference) - ((double)q[i] * Rounded[(o * Channels) + i]);
                }
                error += difference * difference;
            }
        }
        return error;
    }

    private static float[] Quantize(float[] token, ActivationRecipe recipe, ClipCandidate candidate, float magnitude)
    {
        bool bin = recipe.Granularity == ClipGranularity.Bin;
        float threshold = (float)candidate.Ratio * magnitude;
        float[] clipped = bin ? [.. token.Select(v => MathF.CopySign(MathF.Min(MathF.Abs(v), threshold), v))] : token;
        var q = new float[token.Length];
        for (int block = 0; block < token.Length; block += 32)
        {
            double absmax = clipped.Skip(block).Take(32).Max(MathF.Abs) * (bin ? 1 : (float)candidate.Ratio);
            int exponent = absmax == 0 ? 0 : (int)Math.Ceiling(Math.Log2(absmax / 6)) + candidate.ExponentOffset;
            for (int i = block; i < block + 32; i++)
                q[i] = E2M1.Round((float)Math.ScaleB(clipped[i], -exponent), recipe.Ties) * (float)Math.ScaleB(1, exponent);
        }
        return q;
    }
}
