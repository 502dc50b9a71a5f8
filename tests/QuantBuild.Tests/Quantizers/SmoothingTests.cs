using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class SmoothingTests
{
    [Theory]
    [InlineData(0, 0.5, "scale")]
    [InlineData(1, 0.5, "scale")]
    [InlineData(0, 0.3, "scale_alpha0.3")]
    [InlineData(1, 0.3, "scale_alpha0.3")]
    public void The_scale_is_the_golden_one(int @case, double alpha, string tensor)
    {
        using var golden = new GoldenSet("smooth");
        float[] expected = golden.Floats($"case.{@case}.{tensor}");
        var scale = new float[expected.Length];
        var absmax = new float[expected.Length];

        Smoothing.AccumulateAbsmax(golden.Matrix($"case.{@case}.w"), absmax);
        Smoothing.Scale(golden.Floats($"case.{@case}.act_absmax"), absmax, alpha, scale);

        for (int i = 0; i < scale.Length; i++)
            Assert.True(MathF.Abs(scale[i] - expected[i]) <= 1e-6f * expected[i], $"channel {i}: {scale[i]} is not {expected[i]}");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_smoothed_weight_rounds_to_the_golden_one(int @case)
    {
        using var golden = new GoldenSet("smooth");
        MatrixView weight = golden.Matrix($"case.{@case}.w");
        ushort[] expected = golden.Halves($"case.{@case}.smoothed_bf16");

        Smoothing.ApplyToWeight(weight, golden.Floats($"case.{@case}.scale"));

        var bits = new ushort[expected.Length];
        BFloat16.FromSingle(weight.Data, bits);
        Assert.Equal(expected, bits);
    }

    [Fact]
    public void Dead_and_huge_channels_give_positive_finite_scales()
    {
        float[] extremes = [0, float.Epsilon, 1e-30f, 1, 1e30f, float.MaxValue];
        foreach (double alpha in new[] { 0, 0.25, 0.5, 1 })
        {
            foreach (float activation in extremes)
            {
                var scale = new float[extremes.Length];
                Smoothing.Scale([.. extremes.Select(_ => activation)], extremes, alpha, scale);
                Assert.All(scale, s => Assert.True(s > 0 && float.IsFinite(s)));
            }
        }
    }

    [Fact]
    public void Weights_that_share_a_scale_contribute_their_largest_magnitudes()
    {
        var absmax = new float[2];

        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView([1, -5, 2, 3], 2, 2), absmax);
        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView([-4, 1], 1, 2), absmax);

        Assert.Equal([4, 5], absmax);
    }

    [Fact]
    public void Smoothing_both_sides_keeps_the_product()
    {
        const int Channels = 37;
        float[] x = RandomData.Tokens(1, 3, Channels), w = RandomData.Normal(2, 5 * Channels);
        float[] scale = [.. Enumerable.Range(0, Channels).Select(i => MathF.ScaleB(1, (i % 9) - 4))];
        float[] smoothX = [.. x], smoothW = [.. w];

        Smoothing.ApplyToActivation(RandomData.Matrix(x, Channels), scale, RandomData.Matrix(smoothX, Channels));
        Smoothing.ApplyToWeight(RandomData.Matrix(smoothW, Channels), scale);

        for (int i = 0; i < Channels; i++)
            Assert.Equal(x[i] * w[i], smoothX[i] * smoothW[i]);
    }

    [Fact]
    public void A_weight_that_is_not_a_number_is_named_by_its_place()
    {
        float[] weight = RandomData.Normal(1, 3 * 40);
        weight[(2 * 40) + 33] = float.NaN;

        NumericException error =
            Assert.Throws<NumericException>(() => Smoothing.AccumulateAbsmax(RandomData.Matrix(weight, 40), new float[40]));

        Assert.Equal("the weight is NaN at row 2, channel 33", error.Message);
        Assert.Equal("quantbuild: error QB3201: low_noise blocks.3.ffn.2: the weight is NaN at row 2, channel 33",
            error.ToDiagnostic("low_noise blocks.3.ffn.2").ToString());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-1f)]
    public void A_maximum_that_cannot_be_is_refused(float maximum)
    {
        NumericException error = Assert.Throws<NumericException>(() => Smoothing.Scale([1, maximum], [1, 1], 0.5, new float[2]));

        Assert.Equal("activation absmax", error.Quantity);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_scale_that_is_not_positive_and_finite_is_refused(float scale)
    {
        Assert.Throws<NumericException>(() => Smoothing.ApplyToWeight(new MatrixView(new float[2], 1, 2), [1, scale]));
        Assert.Throws<NumericException>(() =>
            Smoothing.ApplyToActivation(new ReadOnlyMatrixView(new float[2], 1, 2), [1, scale], new MatrixView(new float[2], 1, 2)));
    }

    [Fact]
    public void A_smoothed_weight_that_overflows_is_refused()
    {
        NumericException error =
            Assert.Throws<NumericException>(() => Smoothing.ApplyToWeight(new MatrixView(new[] { 1f, 1e30f }, 1, 2), [1, 1e30f]));

        Assert.Equal("smoothed weight", error.Quantity);
    }
}
