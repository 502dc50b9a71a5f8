using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class GptqTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void It_agrees_with_the_golden_codes_scales_and_loss(int @case)
    {
        using var golden = new GoldenSet("gptq");
        MatrixView hessian = golden.Matrix($"case.{@case}.hessian");
        double expected = golden.Scalar($"case.{@case}.gptq.proxy_error");

        GptqResult result = Gptq.Quantize(golden.Matrix($"case.{@case}.w"), hessian, new GptqOptions(Ties: TieRule.Zero));

        Assert.Equal(golden.Bytes($"case.{@case}.gptq.scales"), result.Scales);
        Assert.True(EqualCodes(golden.Bytes($"case.{@case}.gptq.packed"), result.Codes) >= 0.999);
        MatrixView kept = golden.Matrix($"case.{@case}.hessian");
        Assert.Equal(expected, result.Outcome.ErrorEnergy!.Value / HessianEnergy.Of(golden.Matrix($"case.{@case}.w"), kept, threads: 1),
            1e-4 * expected);
        Assert.Equal(expected, ProxyLoss.Of(golden.Matrix($"case.{@case}.w"), result.Weight, kept), 1e-4 * expected);
        Assert.Equal(1, result.Outcome.Tries);
        Assert.Equal(@case == 1 ? 5 : 0, result.Outcome.DeadColumns);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Round_to_nearest_is_the_golden_one(int @case)
    {
        using var golden = new GoldenSet("gptq");
        MatrixView weight = golden.Matrix($"case.{@case}.w");
        double expected = golden.Scalar($"case.{@case}.rtn.proxy_error");

        GptqResult result = RoundToNearest.Quantize(weight, TieRule.Zero, threads: 2);

        Assert.Equal(golden.Bytes($"case.{@case}.rtn.packed"), result.Codes);
        Assert.Equal(golden.Bytes($"case.{@case}.rtn.scales"), result.Scales);
        Assert.Equal(golden.Floats($"case.{@case}.rtn.dequant"), result.Weight.Dequantize());
        Assert.Equal(expected, ProxyLoss.Of(weight, result.Weight, golden.Matrix($"case.{@case}.hessian")), 1e-5 * expected);
    }

    [Theory]
    [InlineData(40, 96, TieRule.Even, 1)]
    [InlineData(33, 160, TieRule.Zero, 2)]
    [InlineData(7, 320, TieRule.Even, 3)]
    internal void The_form_without_an_inverse_equals_the_textbook_form(int rows, int channels, TieRule ties, int seed)
    {
        float[] weight = RandomData.Normal(seed, rows * channels);
        float[] hessian = RandomData.Hessian(RandomData.Tokens(seed + 10, 2 * channels, channels), channels);
        float[] expected = TextbookGptq.Quantize(weight, hessian, rows, channels, 0.01, ties);

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, channels), RandomData.Matrix([.. hessian], channels),
            new GptqOptions(Ties: ties));

        float[] actual = result.Weight.Dequantize();
        int equal = actual.Zip(expected).Count(pair => pair.First == pair.Second);
        Assert.True(equal >= 0.999 * actual.Length, $"only {equal} of {actual.Length} are equal");
        double loss = TextbookGptq.Loss(weight, expected, hessian, rows, channels);
        Assert.Equal(loss, Loss(result, weight, hessian, channels), 1e-3 * loss);
        Assert.Equal(TextbookGptq.Loss(weight, actual, hessian, rows, channels), Loss(result, weight, hessian, channels), 1e-5 * loss);
    }

    [Fact]
    public void It_loses_less_than_rounding_to_nearest()
    {
        (float[] weight, float[] hessian) = Problem(64, 256, 5);

        GptqResult gptq = Gptq.Quantize(RandomData.Matrix(weight, 256), RandomData.Matrix([.. hessian], 256), new GptqOptions());
        GptqResult nearest = RoundToNearest.Quantize(RandomData.Matrix(weight, 256), TieRule.Even);

        Assert.True(Loss(gptq, weight, hessian, 256) < 0.6
            * ProxyLoss.Of(RandomData.Matrix(weight, 256), nearest.Weight, RandomData.Matrix(hessian, 256)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(4096)]
    public void The_block_size_never_changes_a_bit(int blockSize)
    {
        (float[] weight, float[] hessian) = Problem(45, 224, 6);
        GptqResult expected = Gptq.Quantize(RandomData.Matrix(weight, 224), RandomData.Matrix([.. hessian], 224), new GptqOptions());

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 224), RandomData.Matrix([.. hessian], 224),
            new GptqOptions(BlockSize: blockSize));

        AssertSame(expected, result);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void The_thread_count_never_changes_a_bit(int threads)
    {
        (float[] weight, float[] hessian) = Problem(150, 192, 7);
        GptqResult expected = Gptq.Quantize(RandomData.Matrix(weight, 192), RandomData.Matrix([.. hessian], 192), new GptqOptions());

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 192), RandomData.Matrix([.. hessian], 192), new GptqOptions(), threads);

        AssertSame(expected, result);
    }

    [Fact]
    public void Every_row_is_rounded_on_its_own()
    {
        (float[] weight, float[] hessian) = Problem(530, 96, 8);
        GptqResult whole = Gptq.Quantize(RandomData.Matrix(weight, 96), RandomData.Matrix([.. hessian], 96), new GptqOptions());

        GptqResult last = Gptq.Quantize(RandomData.Matrix(weight[(529 * 96)..], 96), RandomData.Matrix([.. hessian], 96),
            new GptqOptions());

        Assert.Equal(whole.Codes[(529 * 48)..], last.Codes);
    }

    [Fact]
    public void A_scaled_hessian_gives_the_same_codes()
    {
        (float[] weight, float[] hessian) = Problem(20, 128, 9);
        GptqResult expected = Gptq.Quantize(RandomData.Matrix(weight, 128), RandomData.Matrix([.. hessian], 128), new GptqOptions());

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 128), RandomData.Matrix([.. hessian.Select(h => h * 1024)], 128),
            new GptqOptions());

        Assert.Equal(expected.Codes, result.Codes);
        Assert.Equal(expected.Outcome.Damping * 1024, result.Outcome.Damping, 1e-6 * result.Outcome.Damping);
    }

    [Fact]
    public void A_diagonal_hessian_is_rounding_to_nearest()
    {
        float[] weight = RandomData.Normal(10, 16 * 64), hessian = new float[64 * 64];
        for (int i = 0; i < 64; i++)
            hessian[i * 65] = 1 + i;

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(hessian, 64), new GptqOptions());

        Assert.Equal(RoundToNearest.Quantize(RandomData.Matrix(weight, 64), TieRule.Even).Codes, result.Codes);
    }

    [Fact]
    public void Columns_that_no_token_uses_become_zero_and_are_left_out_of_the_scales()
    {
        float[] tokens = RandomData.Tokens(11, 200, 64), weight = RandomData.Normal(12, 8 * 64);
        for (int i = 0; i < tokens.Length; i += 64)
            tokens[i + 3] = tokens[i + 40] = 0;
        for (int i = 0; i < weight.Length; i += 64)
            weight[i + 3] = 1e6f;
        float[] hessian = RandomData.Hessian(tokens, 64);

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(hessian, 64), new GptqOptions());

        float[] values = result.Weight.Dequantize();
        Assert.Equal(2, result.Outcome.DeadColumns);
        for (int row = 0; row < 8; row++)
        {
            Assert.Equal(0, values[(row * 64) + 3]);
            Assert.Equal(0, values[(row * 64) + 40]);
        }
        Assert.True(result.Outcome.ProxyLoss < 0.05);
    }

    [Fact]
    public void A_layer_without_any_signal_becomes_zero()
    {
        float[] weight = RandomData.Normal(13, 4 * 32);

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 32), RandomData.Matrix(new float[32 * 32], 32), new GptqOptions());

        Assert.All(result.Weight.Dequantize(), value => Assert.Equal(0, value));
        Assert.Equal(new GptqOutcome(0.01, 1, false, 32, 0, 0), result.Outcome);
    }

    [Fact]
    public void An_indefinite_hessian_climbs_the_ladder_of_dampings()
    {
        (float[] weight, float[] hessian) = Problem(24, 64, 14);
        float mean = Enumerable.Range(0, 64).Average(i => hessian[i * 65]);

        // The largest eigenvector direction of a single pair gets curvature -3 mean: damp 0.01, 0.1 and 1 cannot lift it, 10 can.
        hessian[1] = hessian[64] = 4 * mean;
        float[] before = [.. hessian];

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(hessian, 64), new GptqOptions());

        Assert.Equal(4, result.Outcome.Tries);
        Assert.False(result.Outcome.FellBack);
        Assert.Equal(10 * mean, result.Outcome.Damping, 1e-3 * mean);
        Assert.Equal(TextbookGptq.Loss(weight, result.Weight.Dequantize(), before, 24, 64), Loss(result, weight, before, 64), 1e-4);
    }

    [Fact]
    public void A_ladder_ends_where_the_first_try_with_that_damping_would()
    {
        (float[] weight, float[] hessian) = Problem(24, 64, 15);
        hessian[1] = hessian[64] = 4 * Enumerable.Range(0, 64).Average(i => hessian[i * 65]);
        GptqResult ladder = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix([.. hessian], 64), new GptqOptions());

        GptqResult direct = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix([.. hessian], 64), new GptqOptions(Damp: 10));

        Assert.Equal(4, ladder.Outcome.Tries);
        Assert.Equal(1, direct.Outcome.Tries);
        Assert.Equal(direct.Codes, ladder.Codes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-12)]
    [InlineData(1e-300)]
    public void A_ladder_from_next_to_nothing_starts_where_float32_feels_it(double damp)
    {
        (float[] weight, float[] hessian) = Problem(24, 64, 15);
        // Two channels that always move together, but for an error of rounding: no damping at all leaves a negative pivot.
        for (int i = 0; i < 64; i++)
            hessian[i] = hessian[i * 64] = hessian[64 + i];
        hessian[0] = hessian[65];
        hessian[1] = hessian[64] = hessian[65] * 1.00001f;
        float mean = Enumerable.Range(0, 64).Average(i => hessian[i * 65]);

        GptqOutcome outcome = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(hessian, 64),
            new GptqOptions(Damp: damp)).Outcome;

        Assert.False(outcome.FellBack);
        Assert.InRange(outcome.Tries, 2, Gptq.MaxTries);
        Assert.Equal(Gptq.DampOf(damp, outcome.Tries) * mean, outcome.Damping, 1e-2 * outcome.Damping);
    }

    [Theory]
    [InlineData(0.01, 1, 0.01)]
    [InlineData(0.01, 3, 1)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 2, 1e-6)]
    [InlineData(1e-12, 6, 0.01)]
    public void A_ladder_climbs_by_tens_from_a_floor(double damp, int attempt, double expected) =>
        Assert.Equal(expected, Gptq.DampOf(damp, attempt), 1e-9 * expected);

    [Fact]
    public void The_recorded_loss_is_relative_to_the_energy_of_the_diagonal()
    {
        (float[] weight, float[] hessian) = Problem(20, 96, 19);
        double energy = Enumerable.Range(0, weight.Length).Sum(i => (double)hessian[i % 96 * 97] * weight[i] * weight[i]);

        GptqOutcome outcome = Gptq.Quantize(RandomData.Matrix(weight, 96), RandomData.Matrix(hessian, 96), new GptqOptions()).Outcome;

        Assert.Equal(energy, outcome.DiagonalEnergy!.Value, 1e-12 * energy);
        Assert.Equal(outcome.ErrorEnergy!.Value / energy, outcome.ProxyLoss!.Value, 1e-12);
    }

    [Fact]
    public void A_hopeless_hessian_falls_back_to_rounding_to_nearest()
    {
        float[] weight = RandomData.Normal(16, 8 * 64), hessian = new float[64 * 64];
        for (int i = 0; i < 64; i++)
            hessian[i * 65] = -1;
        float[] before = [.. hessian];

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(hessian, 64), new GptqOptions());

        Assert.True(result.Outcome.FellBack);
        Assert.Equal(Gptq.MaxTries, result.Outcome.Tries);
        Assert.Equal(RoundToNearest.Quantize(RandomData.Matrix(weight, 64), TieRule.Even).Codes, result.Codes);
        Assert.Equal(before, hessian);
    }

    [Fact]
    public void Feedback_that_overflows_falls_back_to_rounding_to_nearest()
    {
        float[] weight = [1.1e36f, 1], hessian = [1e38f, 9e18f, 9e18f, 1];

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 2), RandomData.Matrix(hessian, 2), new GptqOptions(Damp: 0));

        Assert.Equal(new GptqOutcome(0, 1, true, 0, null, result.Outcome.DiagonalEnergy), result.Outcome);
        Assert.Equal(RoundToNearest.Quantize(RandomData.Matrix(weight, 2), TieRule.Even).Codes, result.Codes);
    }

    [Fact]
    public void Width_need_not_be_a_multiple_of_the_group()
    {
        (float[] weight, float[] hessian) = Problem(9, 75, 17);
        float[] expected = TextbookGptq.Quantize(weight, hessian, 9, 75, 0.01, TieRule.Even);

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 75), RandomData.Matrix([.. hessian], 75), new GptqOptions());

        Assert.Equal(expected, result.Weight.Dequantize());
        Assert.Equal(9 * 48, result.Codes.Length);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Values_that_are_not_finite_are_refused(float value)
    {
        (float[] weight, float[] hessian) = Problem(4, 64, 18);
        float[] badWeight = [.. weight], badHessian = [.. hessian];
        badWeight[70] = value;
        badHessian[64] = value;

        NumericException first =
            Assert.Throws<NumericException>(() =>
                Gptq.Quantize(RandomData.Matrix(badWeight, 64), RandomData.Matrix(hessian, 64), new GptqOptions()));
        NumericException second =
            Assert.Throws<NumericException>(() =>
                Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix(badHessian, 64), new GptqOptions()));

        Assert.Equal(("residual weight", "row 1, channel 6"), (first.Quantity, first.Place));
        Assert.Equal(("Hessian", "row 1, channel 0"), (second.Quantity, second.Place));
    }

    private static (float[] Weight, float[] Hessian) Problem(int rows, int channels, int seed) =>
        (RandomData.Normal(seed, rows * channels), RandomData.Hessian(RandomData.Tokens(seed + 100, 2 * channels, channels), channels));

    /// <summary><c>tr(E H E^T) / tr(W H W^T)</c> with the rounding's own numerator.</summary>
    private static double Loss(GptqResult result, float[] weight, float[] hessian, int channels) =>
        result.Outcome.ErrorEnergy!.Value
        / HessianEnergy.Of(RandomData.Matrix(weight, channels), RandomData.Matrix(hessian, channels), threads: 1);

    private static void AssertSame(GptqResult expected, GptqResult actual)
    {
        Assert.Equal(expected.Codes, actual.Codes);
        Assert.Equal(expected.Scales, actual.Scales);
        Assert.Equal(expected.Outcome, actual.Outcome);
    }

    private static double EqualCodes(byte[] expected, byte[] actual) =>
        expected.Zip(actual)
        .Sum(pair => ((pair.First & 15) == (pair.Second & 15) ? 0.5 : 0) + (pair.First >> 4 == pair.Second >> 4 ? 0.5 : 0))
        / expected.Length;
}
