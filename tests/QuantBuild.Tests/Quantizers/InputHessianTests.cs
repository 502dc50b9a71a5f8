using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class InputHessianTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void It_agrees_with_the_golden_hessian_of_a_smoothed_and_quantized_input(int @case)
    {
        using var golden = new GoldenSet("qlinear");
        float[] expected = golden.Floats($"case.{@case}.hessian"), scale = golden.Floats($"case.{@case}.smooth_scale_bf16");
        var hessian = new InputHessian(scale.Length, ActivationQuantizer.Unclipped(TieRule.Zero));

        hessian.Add(golden.Matrix($"case.{@case}.x"), scale);

        float[] actual = hessian.Finish();
        double tolerance = 1e-5 * expected.Max(MathF.Abs);
        Assert.All(actual.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance));
    }

    [Fact]
    public void Portions_and_threads_never_change_a_bit()
    {
        float[] x = RandomData.Tokens(1, 2100, 64), scale = [.. RandomData.Normal(2, 64).Select(v => MathF.Abs(v) + 0.1f)];
        InputHessian whole = new(64, ActivationQuantizer.Unclipped(TieRule.Even)),
            parts = new(64, ActivationQuantizer.Unclipped(TieRule.Even));

        whole.Add(RandomData.Matrix(x, 64), scale);
        foreach ((int first, int end) in new[] { (0, 1), (1, 700), (700, 2100) })
            parts.Add(RandomData.Matrix(x[(first * 64)..(end * 64)], 64), scale, threads: 3);

        Assert.Equal(2100, parts.Tokens);
        Assert.Equal(whole.Finish(), parts.Finish());
    }

    [Fact]
    public void Without_a_quantizer_and_a_scale_it_is_the_plain_second_moment()
    {
        float[] x = RandomData.Tokens(3, 500, 40), expected = RandomData.Hessian(x, 40);
        var hessian = new InputHessian(40, quantizer: null);

        hessian.Add(RandomData.Matrix(x, 40), []);

        double tolerance = 1e-5 * expected.Max();
        Assert.All(hessian.Finish().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance));
    }

    [Fact]
    public void No_tokens_give_zeros()
    {
        Assert.All(new InputHessian(8, null).Finish(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void An_activation_that_is_not_finite_is_refused()
    {
        NumericException error = Assert.Throws<NumericException>(() =>
            new InputHessian(2, null).Add(new ReadOnlyMatrixView([1, 2, 3, float.NaN], 2, 2), []));

        Assert.Equal(("activation", "row 1, channel 1"), (error.Quantity, error.Place));
    }

    [Fact]
    public void A_sum_that_overflows_is_refused()
    {
        var hessian = new InputHessian(2, null);
        hessian.Add(new ReadOnlyMatrixView([1, 1e30f], 1, 2), []);

        Assert.Equal("Hessian", Assert.Throws<NumericException>(() => hessian.Finish()).Quantity);
    }
}
