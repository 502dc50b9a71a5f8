using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class RefitTests
{
    private const int Rows = 72, Channels = 96, Tokens = 600, Rank = 4;
    private static readonly float[] Weight = RandomData.Normal(5, Rows * Channels);
    private static readonly float[] X = RandomData.Tokens(6, Tokens, Channels);
    private static readonly GptqOptions Gptq = new(Order: WeightOrder.Activation, Exponents: BlockExponents.Error);
    private static readonly ActivationQuantizer Quantizer = new(new ClipSetting(0.8f), TieRule.Even);

    [Fact]
    public void Moments_are_those_of_the_tokens()
    {
        RoundingNoise noise = Noise();
        float[] q = Rounded();

        for (int i = 0; i < Channels; i++)
        {
            double uu = 0, uq = 0, qq = 0;
            for (int t = 0; t < Tokens; t++)
            {
                (double u, double r) = (X[(t * Channels) + i], q[(t * Channels) + i]);
                (uu, uq, qq) = (uu + (u * u), uq + (u * r), qq + (r * r));
            }
            Assert.Equal(uu / Tokens, noise.Second[i * (Channels + 1)], 1e-5 * uu / Tokens);
            Assert.Equal(uq / uu, noise.Gain[i], 1e-6);
            Assert.Equal((qq - (uq * uq / uu)) / Tokens, noise.Variance[i], 1e-6 * qq / Tokens);
        }
        Assert.InRange(noise.Gain.Average(), 0.95, 1);
        Assert.True(noise.Mean > 0);
    }

    [Fact]
    public void Without_rounding_there_is_no_noise()
    {
        var moments = new InputMoments(Channels, [], Rotation.None, quantizer: null);
        moments.Add(RandomData.Matrix(X, Channels));

        Assert.True(moments.Finish().IsNone);
        Assert.False(Noise().IsNone);
    }

    /// <summary>T minimizes <c>tr((P - T G) U (P - T G)^T) + tr(T N T^T)</c>: its gradient vanishes.</summary>
    [Fact]
    public void The_filtered_weight_is_the_best_for_a_noisy_input()
    {
        RoundingNoise noise = Noise();
        noise.AddRidge(noise.Mean);
        var hessian = new MatrixView(noise.Hessian(1), Channels, Channels);
        HessianFactor factor = HessianFactor.TryCreate(hessian, 0, 1)!;
        float[] t = [.. Weight];

        new NoiseFilter(noise, factor).Apply(RandomData.Matrix(t, Channels), hessian, threads: 1, default);

        double largest = 0;
        for (int row = 0; row < 3; row++)
        {
            for (int k = 0; k < Channels; k++)
            {
                double gradient = t[(row * Channels) + k] * (double)noise.Variance[k], scale = 0;
                for (int i = 0; i < Channels; i++)
                {
                    double part = (Weight[(row * Channels) + i] - ((double)t[(row * Channels) + i] * noise.Gain[i]))
                        * noise.Second[(i * Channels) + k] * noise.Gain[k];
                    (gradient, scale) = (gradient - part, scale + Math.Abs(part));
                }
                largest = Math.Max(largest, Math.Abs(gradient) / scale);
            }
        }
        Assert.InRange(largest, 0, 1e-4);
    }

    [Fact]
    public void Its_loss_is_the_error_of_the_model()
    {
        RefitResult result = Run(rounds: 2);
        RoundingNoise noise = Noise();
        noise.AddRidge(noise.Mean);
        double loss = Loss(result.Branch, result.Weight, noise);

        Assert.Equal(loss, result.Losses[result.Kept], 2e-4 * loss);
        Assert.Equal(result.Losses.Min(), result.Losses[result.Kept]);
    }

    [Fact]
    public void Rounds_lower_the_loss_and_end_when_one_gains_too_little()
    {
        RefitResult none = Run(rounds: 0), six = Run(rounds: 6), picky = Run(rounds: 6, leastGain: 0.5);

        Assert.Single(none.Losses);
        Assert.Equal(7, six.Losses.Length);
        Assert.Equal(none.Losses[0], six.Losses[0]);
        // The first rounding reckons with the branch's next fit already, and rounds take less off it than off one that does not.
        Assert.True(six.Losses[six.Kept] < 0.99 * none.Losses[0], $"{six.Losses[six.Kept]} after {none.Losses[0]}");
        double plain = GptqAlone();
        Assert.True(six.Losses[six.Kept] < 0.98 * plain && none.Losses[0] < 0.98 * plain, $"{none.Losses[0]} of {plain}");
        Assert.Equal(2, picky.Losses.Length);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Threads_change_no_bit(int threads)
    {
        (RefitResult expected, RefitResult actual) = (Run(rounds: 2), Run(rounds: 2, threads: threads));

        Assert.Equal(expected.Weight.Codes, actual.Weight.Codes);
        Assert.Equal(expected.Weight.Scales, actual.Weight.Scales);
        Assert.Equal(expected.Branch.UpBits, actual.Branch.UpBits);
        Assert.Equal(expected.Branch.DownBits, actual.Branch.DownBits);
        Assert.Equal(expected.Losses, actual.Losses);
    }

    /// <summary>What the whole is for: on tokens of the same kind the layer's output is nearer to the exact one than GPTQ's.</summary>
    [Fact]
    public void Its_output_is_nearer_on_other_tokens_than_that_of_svd_and_gptq()
    {
        float[] other = RandomData.Tokens(206, Tokens, Channels), same = SameSizes(other);
        LowRankBranch svd = LowRankSplit.Of(RandomData.Matrix(Weight, Channels), new LowRankRecipe(Rank, LowRankMethod.Exact), 1);
        float[] residual = [.. Weight];
        svd.SubtractFrom(RandomData.Matrix(residual, Channels));
        var hessian = new InputHessian(Channels, ActivationQuantizer.Unclipped(TieRule.Even));
        hessian.Add(RandomData.Matrix(X, Channels), []);
        GptqResult gptq = QuantBuild.Compiler.Quantizers.Gptq.Quantize(RandomData.Matrix(residual, Channels),
            RandomData.Matrix(hessian.Finish(), Channels), new GptqOptions());
        RefitResult refit = Run(rounds: 6);

        ErrorSums[] errors = LayerError.Measure(RandomData.Matrix(same, Channels), RandomData.Matrix(Weight, Channels),
            [new MeasuredLayer(null, svd, gptq.Weight, Quantizer), new MeasuredLayer(null, refit.Branch, refit.Weight, Quantizer)]);

        Assert.True(errors[1].Difference < 0.85 * errors[0].Difference, $"{errors[1].Difference} against {errors[0].Difference}");
    }

    [Fact]
    public void A_branch_in_a_metric_is_as_good_as_the_decomposition_of_the_product()
    {
        float[] second = RandomData.Hessian(X, Channels);
        float[] root = [.. second];
        Assert.True(Cholesky.TryFactorReversed(RandomData.Matrix(root, Channels)));
        var product = new float[Rows * Channels];
        Gemm.Multiply(RandomData.Matrix(Weight, Channels), RandomData.Matrix(root, Channels), RandomData.Matrix(product, Channels));
        LowRankFactors best = TruncatedSvd.Exact(RandomData.Matrix(product, Channels), Channels);
        double least = best.SingularValues.Skip(Rank).Sum(value => (double)value * value);

        (LowRankBranch branch, TallMatrix basis) = MetricBranch.Fit(RandomData.Matrix(Weight, Channels),
            RandomData.Matrix(second, Channels), Rank, basis: null, passes: 8);
        (LowRankBranch again, _) = MetricBranch.Fit(RandomData.Matrix(Weight, Channels), RandomData.Matrix(second, Channels), Rank, basis,
            1);

        Assert.InRange(Left(branch), least, 1.01 * least);
        Assert.InRange(Left(again), least, 1.01 * least);

        double Left(LowRankBranch some)
        {
            float[] rest = [.. Weight];
            some.SubtractFrom(RandomData.Matrix(rest, Channels));
            return HessianEnergy.Of(RandomData.Matrix(rest, Channels), RandomData.Matrix(second, Channels), 1);
        }
    }

    [Fact]
    public void A_Hessian_that_cannot_be_factored_leaves_round_to_nearest()
    {
        RoundingNoise noise = Noise();
        Array.Fill(noise.Second, -1);
        LowRankBranch start = NoiseBranch.Of(RandomData.Matrix(Weight, Channels), Noise(), new LowRankRecipe(Rank, LowRankMethod.Exact), 1,
            1,
            default);

        RefitResult result = Refit.Run(RandomData.Matrix(Weight, Channels), noise, 0, start, new RefitOptions(Rank, 6, 0, Gptq));

        Assert.True(result.FellBack);
        Assert.Empty(result.Losses);
        float[] residual = [.. Weight];
        start.SubtractFrom(RandomData.Matrix(residual, Channels));
        Assert.Equal(RoundToNearest.Quantize(RandomData.Matrix(residual, Channels), TieRule.Even).Codes, result.Weight.Codes);
    }

    /// <summary>Tokens that are one direction and chance want a large ridge, tokens of firm correlations a small one.</summary>
    [Fact]
    public void The_ridge_follows_what_holds_on_other_tokens()
    {
        // A few tokens tell little of 96 channels; many tell all.
        Assert.True(Ridge(RandomData.Normal(31, 24 * Channels), RandomData.Normal(32, 200 * Channels)) >= 10);
        Assert.True(Ridge(SameSizes(RandomData.Tokens(41, 4000, Channels)), SameSizes(RandomData.Tokens(44, 500, Channels))) <= 3);
    }

    private static double Ridge(float[] fit, float[] check)
    {
        var form = new InputForm(Channels, [], Rotation.None);
        var moments = new InputMoments(Channels, [], Rotation.None, Quantizer);
        moments.Add(RandomData.Matrix(fit, Channels));
        return RidgeChoice.Of(Weight, moments, () => [check], form, Quantizer, threads: 1, default)[0].Ridge;
    }

    /// <summary>Tokens whose channels have the sizes of X's.</summary>
    private static float[] SameSizes(float[] tokens)
    {
        double[] wanted = Sizes(X), own = Sizes(tokens);
        return [.. tokens.Select((value, i) => (float)(value * wanted[i % Channels] / own[i % Channels]))];
    }

    private static double[] Sizes(float[] tokens) => [.. Enumerable.Range(0, Channels).Select(channel => Math.Sqrt(
        tokens.Where((_, i) => i % Channels == channel).Average(value => (double)value * value)))];

    /// <summary>The loss of GPTQ under the same Hessian for the branch that refits begin with.</summary>
    private static double GptqAlone()
    {
        RoundingNoise noise = Noise();
        LowRankBranch branch = Start(noise, threads: 1);
        noise.AddRidge(noise.Mean);
        var factored = new MatrixView(noise.Hessian(1), Channels, Channels);
        HessianFactor factor = HessianFactor.TryCreate(factored, 0, 1)!;
        float[] t = [.. Weight];
        branch.SubtractFrom(RandomData.Matrix(t, Channels));
        new NoiseFilter(noise, factor).Apply(RandomData.Matrix(t, Channels), factored, threads: 1, default);
        return Loss(branch, Compiler.Quantizers.Gptq.Quantize(RandomData.Matrix(t, Channels),
            new MatrixView(noise.Hessian(1), Channels, Channels), Gptq with { Damp = 0 }).Weight, noise);
    }

    /// <summary><c>tr((P - Q G) U (P - Q G)^T) + tr(Q N Q^T)</c>, element by element.</summary>
    private static double Loss(LowRankBranch branch, PackedWeight weight, RoundingNoise noise)
    {
        float[] q = weight.Dequantize(), p = [.. Weight];
        branch.SubtractFrom(RandomData.Matrix(p, Channels));
        double loss = 0;
        for (int row = 0; row < Rows; row++)
        {
            double[] e = [.. Enumerable.Range(0, Channels).Select(i =>
                p[(row * Channels) + i] - ((double)q[(row * Channels) + i] * noise.Gain[i]))];
            for (int i = 0; i < Channels; i++)
            {
                loss += noise.Variance[i] * (double)q[(row * Channels) + i] * q[(row * Channels) + i];
                for (int j = 0; j < Channels; j++)
                    loss += e[i] * noise.Second[(i * Channels) + j] * e[j];
            }
        }
        return loss;
    }

    private static LowRankBranch Start(RoundingNoise noise, int threads) => NoiseBranch.Of(RandomData.Matrix(Weight, Channels), noise,
        new LowRankRecipe(Rank, LowRankMethod.Exact), 1, threads, default);

    private static RefitResult Run(int rounds, double leastGain = 0, int threads = 1)
    {
        RoundingNoise noise = Noise();
        LowRankBranch start = Start(noise, threads);
        return Refit.Run(RandomData.Matrix(Weight, Channels), noise, noise.Mean, start, new RefitOptions(Rank, rounds, leastGain, Gptq),
            threads);
    }

    private static RoundingNoise Noise()
    {
        var moments = new InputMoments(Channels, [], Rotation.None, Quantizer);
        moments.Add(RandomData.Matrix(X, Channels), threads: 2);
        return moments.Finish(threads: 2);
    }

    private static float[] Rounded()
    {
        var q = new float[X.Length];
        Quantizer.Apply(RandomData.Matrix(X, Channels), RandomData.Matrix(q, Channels));
        return q;
    }
}
