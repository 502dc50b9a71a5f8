using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.BackendTests;

/// <summary>What steps do with values that are not finite, dead channels, no tokens, and a build that is cancelled.</summary>
public abstract class LayerInputTests : BackendSuite
{
    private static readonly int[] All = [0, 1, 2];

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.LowRank)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void A_weight_that_is_not_finite_is_refused(LayerStep step)
    {
        foreach (float bad in (float[])[float.NaN, float.NegativeInfinity])
        {
            var layer = new LayerCase(33, 96, Recipes.Of(), change: (weight, _) => weight[100] = bad);

            NumericException error = Assert.Throws<NumericException>(() => Run(step, layer));

            Assert.NotEmpty(error.Quantity);
            Assert.NotEmpty(error.Place);
        }
    }

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void A_token_that_is_not_finite_is_refused_as_an_activation(LayerStep step)
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            var layer = new LayerCase(33, 96, Recipes.Of(), change: (_, tokens) => tokens[2][^1] = bad);

            NumericException error = Assert.Throws<NumericException>(() => Run(step, layer));

            Assert.Contains(NumericException.Activation, error.Quantity, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Channels_without_a_signal_become_zero_weights_and_are_counted()
    {
        var layer = new LayerCase(33, 96, Recipes.Of(), tokensPerStep: 100, change: (_, tokens) =>
        {
            foreach (float[] step in tokens)
            {
                for (int i = 0; i < step.Length; i += 96)
                    step[i + 3] = step[i + 70] = 0;
            }
        });

        using ILayerCompute compute = Backend.Open(layer);
        GptqResult result = compute.Round(All, threads: 1, Ct);

        Assert.Equal((2, false), (result.Outcome.DeadColumns, result.Outcome.FellBack));
        float[] values = result.Weight.Dequantize();
        Assert.All(Enumerable.Range(0, 33), row => Assert.Equal((0, 0), (values[(row * 96) + 3], values[(row * 96) + 70])));
        Assert.True(double.IsFinite(compute.Clip(layer.Layer.Recipe.Activations, All, threads: 1, Ct).Best.Error));
        Assert.All(compute.Measure(new ClipSetting(0.9f), All, threads: 1, Ct).Sums, sums => Assert.True(double.IsFinite(sums.Difference)));
    }

    [Fact]
    public void Without_tokens_nothing_is_kept_of_a_weight_and_nothing_is_wrong()
    {
        var layer = new LayerCase(33, 96, Recipes.Of());
        using ILayerCompute compute = Backend.Open(layer);

        GptqResult rounded = compute.Round([], threads: 1, Ct);
        ClipResult clip = compute.Clip(layer.Layer.Recipe.Activations, [], threads: 1, Ct);
        LadderErrors errors = compute.Measure(new ClipSetting(0.9f), [], threads: 1, Ct);

        Assert.Equal(96, rounded.Outcome.DeadColumns);
        Assert.All(rounded.Weight.Dequantize(), value => Assert.Equal(0, value));
        Assert.Equal((1.0, 0.0), (clip.Best.Ratio, clip.Best.Error));
        Assert.Equal(0, errors.Tokens);
        Assert.All(errors.Sums, sums => Assert.Equal(default, sums));
    }

    [Fact]
    public void A_layer_of_zeros_is_a_layer()
    {
        var layer = new LayerCase(33, 96, Recipes.Of(), change: (weight, _) => Array.Clear(weight));
        using ILayerCompute compute = Backend.Open(layer);

        Assert.All(compute.LowRank(threads: 1, Ct).Up, value => Assert.True(float.IsFinite(value)));
        Assert.False(compute.Round(All, threads: 1, Ct).Outcome.FellBack);
        Assert.Equal(0, compute.Measure(new ClipSetting(0.9f), All, threads: 1, Ct).Sums[0].Reference);
    }

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.LowRank)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void A_build_that_is_cancelled_begins_no_step(LayerStep step) =>
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Run(step, new LayerCase(130, 160, Recipes.Of()), new CancellationToken(canceled: true)));

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void A_step_that_is_cancelled_in_its_middle_ends_and_another_gets_its_result(LayerStep step)
    {
        var layer = new LayerCase(130, 160, Recipes.Of(), tokensPerStep: 1100);
        using var source = new CancellationTokenSource();
        int portions = 0;
        layer.Reading = () =>
        {
            if (++portions == 2)
                source.Cancel();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => Run(step, layer, source.Token));
        Assert.InRange(portions, 2, 3);

        layer.Reading = null;
        Assert.Equal(Run(step, new LayerCase(130, 160, Recipes.Of(), tokensPerStep: 1100)), Run(step, layer));
    }

    private string Run(LayerStep step, LayerCase layer, CancellationToken? ct = null)
    {
        using ILayerCompute compute = Backend.Open(layer);
        return StepResult.Of(step, compute, layer, All, threads: 2, ct ?? Ct);
    }
}
