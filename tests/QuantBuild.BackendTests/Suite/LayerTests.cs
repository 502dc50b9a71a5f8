using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.BackendTests;

/// <summary>The steps of layers against brute force, on shapes that fill no tile.</summary>
public abstract class LayerTests : BackendSuite
{
    private static readonly int[] All = [0, 1, 2], Bin = [0, 2];

    public static TheoryData<int, int, int> Shapes => new()
    {
        { 33, 96, 5 },
        { 130, 160, 12 },
        { 7, 320, 1 },
        { 1, 32, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_low_rank_branch_leaves_next_to_nothing_more_than_the_best(int outputs, int channels, int rank)
    {
        var layer = new LayerCase(outputs, channels, Recipes.Of(rank));
        using ILayerCompute compute = Backend.Open(layer);

        LowRankBranch branch = compute.LowRank(threads: 2, Ct);

        Assert.Equal((outputs, channels, rank), (branch.Rows, branch.Columns, branch.Rank));
        LowRankBranch best = LowRankSplit.Of(RandomData.Matrix(LayerReference.Smoothed(layer), channels),
            new LowRankRecipe(rank, LowRankMethod.Exact), seed: 1, ct: Ct);
        // Both are rounded to bfloat16; of a weight that the rank exhausts only that is left.
        double whole = LayerReference.Left(layer, LowRankBranch.None(outputs, channels));
        Assert.InRange(LayerReference.Left(layer, branch), 0,
            (LayerReference.Left(layer, best) * (1 + layer.Layer.Recipe.LowRank.Accuracy + 1e-3)) + (2e-3 * whole));
    }

    [Theory]
    [InlineData(33, 96, 5, Precision.W4A4)]
    [InlineData(130, 160, 12, Precision.W4A16)]
    [InlineData(7, 320, 0, Precision.W4A4)]
    [InlineData(1, 32, 1, Precision.W4A16)]
    internal void GPTQ_rounds_as_its_textbook_form_does(int outputs, int channels, int rank, Precision precision)
    {
        // More tokens than channels: else the damping alone decides.
        var layer = new LayerCase(outputs, channels, Recipes.Of(rank, precision), tokensPerStep: channels);
        using ILayerCompute compute = Backend.Open(layer);

        GptqResult result = compute.Round(All, threads: 2, Ct);

        float[] residual = LayerReference.Residual(layer), hessian = LayerReference.Hessian(layer, All);
        float[] expected = TextbookGptq.Quantize(residual, hessian, outputs, channels, 0.01, TieRule.Even);
        float[] actual = result.Weight.Dequantize();
        double loss = TextbookGptq.Loss(residual, expected, hessian, outputs, channels),
            own = TextbookGptq.Loss(residual, actual, hessian, outputs, channels);
        Assert.Equal((1, false, 0), (result.Outcome.Tries, result.Outcome.FellBack, result.Outcome.DeadColumns));
        AssertAlike(expected, actual);
        Assert.Equal(loss, own, 1e-2 * loss);
        double energy = HessianEnergy.Of(RandomData.Matrix(residual, channels), RandomData.Matrix(hessian, channels), threads: 1, Ct);
        Assert.Equal(own, result.Outcome.ErrorEnergy!.Value / energy, 1e-3 * own);
    }

    [Theory]
    [InlineData(WeightOrder.Activation, BlockExponents.Floor, TieRule.Even)]
    [InlineData(WeightOrder.Channel, BlockExponents.Error, TieRule.Zero)]
    [InlineData(WeightOrder.Activation, BlockExponents.Error, TieRule.Even)]
    internal void Channels_are_rounded_in_the_order_and_with_the_exponents_of_the_recipe(WeightOrder order, BlockExponents exponents,
        TieRule ties)
    {
        var layer = new LayerCase(130, 160, Recipes.Of(rank: 8).With(RecipeSettings.Order, order)
            .With(RecipeSettings.Exponents, exponents).With(RecipeSettings.Ties, ties), tokensPerStep: 160);
        using ILayerCompute compute = Backend.Open(layer);

        GptqResult result = compute.Round(All, threads: 2, Ct);

        GptqResult expected = Gptq.Quantize(RandomData.Matrix(LayerReference.Residual(layer), 160),
            RandomData.Matrix(LayerReference.Hessian(layer, All), 160),
            new GptqOptions(layer.Layer.Recipe.Weights.Damp, Ties: ties, Order: order, Exponents: exponents), ct: Ct);
        AssertAlike(expected.Weight.Dequantize(), result.Weight.Dequantize());
        int scales = expected.Scales.Zip(result.Scales).Count(pair => pair.First == pair.Second);
        Assert.InRange(scales, 0.999 * expected.Scales.Length, expected.Scales.Length);
        Assert.Equal(expected.Outcome.ErrorEnergy!.Value, result.Outcome.ErrorEnergy!.Value, 2e-3 * expected.Outcome.ErrorEnergy!.Value);
    }

    [Fact]
    public void Steps_of_a_rotated_layer_find_what_the_processor_does()
    {
        var layer = new LayerCase(130, 160, Recipes.Of(rank: 0), tokensPerStep: 160) { Rotation = Rotation.Hadamard32 };
        var plain = new LayerCase(130, 160, Recipes.Of(rank: 0), tokensPerStep: 160);
        using ILayerCompute compute = Backend.Open(layer), expected = CpuBackend.Instance.Open(layer),
            unrotated = CpuBackend.Instance.Open(plain);
        ActivationRecipe recipe = layer.Layer.Recipe.Activations;

        GptqResult rounded = compute.Round(All, threads: 2, Ct);
        AssertAlike(expected.Round(All, threads: 2, Ct).Weight.Dequantize(), rounded.Weight.Dequantize());
        Assert.NotEqual(unrotated.Round(All, threads: 2, Ct).Codes, rounded.Codes);
        foreach ((ClipCandidate own, ClipCandidate other) in compute.Clip(recipe, Bin, 2, Ct).Candidates
            .Zip(expected.Clip(recipe, Bin, 2, Ct).Candidates))
            Assert.Equal(other.Error, own.Error, Fixture.Tolerance.Sums * other.Error);
        foreach ((ErrorSums own, ErrorSums other) in compute.Measure(new ClipSetting(0.8f), Bin, 2, Ct).Sums
            .Zip(expected.Measure(new ClipSetting(0.8f), Bin, 2, Ct).Sums))
            Assert.Equal(other.Difference, own.Difference, Fixture.Tolerance.Sums * other.Reference);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rounding_to_nearest_reads_no_tokens_and_rounds_the_residual(int outputs, int channels, int rank)
    {
        var layer = new LayerCase(outputs, channels, Recipes.Of(rank, method: WeightMethod.Rtn))
        {
            Reading = () => throw new InvalidOperationException("tokens were read"),
        };
        using ILayerCompute compute = Backend.Open(layer);

        GptqResult result = compute.Round(All, threads: 2, Ct);

        AssertAlike(layer.Packed.Dequantize(), result.Weight.Dequantize());
        Assert.Equal(0, result.Outcome.Tries);
    }

    [Theory]
    [InlineData(ClipGranularity.Block, ClipObjective.Output)]
    [InlineData(ClipGranularity.Block, ClipObjective.Activation)]
    [InlineData(ClipGranularity.Bin, ClipObjective.Output)]
    [InlineData(ClipGranularity.Bin, ClipObjective.Activation)]
    internal void A_clip_search_finds_every_candidates_error_and_the_least(ClipGranularity granularity, ClipObjective objective)
    {
        var layer = new LayerCase(33, 96, Recipes.Of());
        ActivationRecipe recipe = layer.Layer.Recipe.Activations with
        {
            Granularity = granularity, Objective = objective, ExponentOffsets = [-1, 0],
        };
        using ILayerCompute compute = Backend.Open(layer);

        ClipResult result = compute.Clip(recipe, Bin, threads: 2, Ct);

        Assert.Equal(recipe.ClipRatios.SelectMany(_ => recipe.ExponentOffsets, (ratio, offset) => (ratio, offset)),
            result.Candidates.Select(candidate => (candidate.Ratio, candidate.ExponentOffset)));
        foreach (ClipCandidate candidate in result.Candidates)
        {
            double expected = LayerReference.ClipError(layer, recipe, Bin, candidate);
            Assert.Equal(expected, candidate.Error, Fixture.Tolerance.Sums * expected);
        }
        Assert.Equal(result.Candidates.Min(candidate => candidate.Error), result.Best.Error);
        float magnitude = LayerReference.SmoothedTokens(layer, Bin).Max(MathF.Abs);
        Assert.Equal(granularity == ClipGranularity.Bin ? (float)result.Best.Ratio * magnitude : null, result.Threshold);
    }

    [Theory]
    [InlineData(33, 96, 5, Precision.W4A4)]
    [InlineData(130, 160, 0, Precision.W4A4)]
    [InlineData(1, 32, 1, Precision.W4A16)]
    internal void A_measurement_finds_the_errors_of_the_whole_ladder(int outputs, int channels, int rank, Precision precision)
    {
        var layer = new LayerCase(outputs, channels, Recipes.Of(rank, precision));
        ClipSetting? clip = precision == Precision.W4A4 ? new ClipSetting(0.8f) : null;
        using ILayerCompute compute = Backend.Open(layer);

        LadderErrors errors = compute.Measure(clip, Bin, threads: 2, Ct);

        Assert.Equal(2 * 37, errors.Tokens);
        ErrorSums[] expected = LayerReference.Ladder(layer, Bin, clip);
        Assert.Equal(LadderErrors.Methods.Length, errors.Sums.Length);
        for (int method = 0; method < expected.Length; method++)
        {
            double tolerance = Fixture.Tolerance.Sums;
            // A small difference of large outputs has their rounding in it.
            double difference = expected[method].Difference + (0.1 * Math.Sqrt(expected[method].Difference * expected[method].Reference));
            Assert.Equal(expected[method].Reference, errors.Sums[method].Reference, tolerance * expected[method].Reference);
            Assert.Equal(expected[method].Difference, errors.Sums[method].Difference, tolerance * difference);
            Assert.Equal(expected[method].Product, errors.Sums[method].Product, tolerance * expected[method].Output);
            Assert.Equal(expected[method].Output, errors.Sums[method].Output, tolerance * expected[method].Output);
        }
    }

    private void AssertAlike(float[] expected, float[] actual)
    {
        int equal = expected.Zip(actual).Count(pair => pair.First == pair.Second);
        Assert.True(equal >= Fixture.Tolerance.Codes * expected.Length, $"only {equal} of {expected.Length} values are equal");
    }
}
