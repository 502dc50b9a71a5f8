using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.BackendTests;

/// <summary>The steps by which a build chooses: a rotation, and ranks under a budget.</summary>
public abstract class LayerChoiceTests : BackendSuite
{
    private static readonly int[] All = [0, 1, 2];

    [Theory]
    [InlineData(33, 96, true, false)]
    [InlineData(33, 96, false, false)]
    [InlineData(7, 320, true, true)]
    public void Without_a_branch_a_rotation_is_tried_on_the_weight_itself(int outputs, int channels, bool outliers, bool helps)
    {
        LayerCase layer = Case(outputs, channels, rank: 0, outliers);
        using ILayerCompute compute = Backend.Open(layer);

        RotationErrors errors = compute.Rotate(All, threads: 2, Ct);

        float[] weight = LayerReference.Smoothed(layer), tokens = LayerReference.SmoothedTokens(layer, All);
        AssertSum(Error(layer, weight, tokens), errors.Plain);
        AssertSum(Error(layer, Turned(weight, 1f / 32), Turned(tokens, 1)), errors.Rotated);
        Assert.Equal(helps, errors.FavourRotation);
    }

    [Theory]
    [InlineData(130, 160, true)]
    [InlineData(130, 160, false)]
    [InlineData(300, 96, true)]
    public void With_a_branch_the_choice_is_the_processors(int outputs, int channels, bool outliers)
    {
        LayerCase layer = Case(outputs, channels, rank: 12, outliers);
        using ILayerCompute compute = Backend.Open(layer), processor = CpuBackend.Instance.Open(layer);

        (RotationErrors expected, RotationErrors errors) = (processor.Rotate(All, 2, Ct), compute.Rotate(All, 2, Ct));

        // Branches of an accuracy of 5 % need not be the same ones.
        Assert.InRange(errors.Plain / expected.Plain, 0.98, 1.02);
        Assert.InRange(errors.Rotated / expected.Rotated, 0.98, 1.02);
        Assert.Equal(expected.FavourRotation, errors.FavourRotation);
    }

    [Theory]
    [InlineData(130, 160, 16, Rotation.None, Precision.W4A4, NoiseModel.Modelled)]
    [InlineData(130, 160, 8, Rotation.Hadamard32, Precision.W4A4, NoiseModel.Modelled)]
    [InlineData(300, 96, 12, Rotation.None, Precision.W4A4, NoiseModel.Ignored)]
    [InlineData(130, 160, 16, Rotation.None, Precision.W4A16, NoiseModel.Modelled)]
    [InlineData(40, 96, 32, Rotation.None, Precision.W4A4, NoiseModel.Modelled)]
    internal void A_curve_is_the_processors(int outputs, int channels, int start, Rotation rotation, Precision precision, NoiseModel noise)
    {
        LayerRecipe recipe = Recipes.Of(start, precision).With(RecipeSettings.Noise, noise)
            .With(RecipeSettings.Order, WeightOrder.Activation).With(RecipeSettings.Exponents, BlockExponents.Error);
        var layer = new LayerCase(outputs, channels, recipe, tokensPerStep: 300) { Rotation = rotation };
        using ILayerCompute compute = Backend.Open(layer), processor = CpuBackend.Instance.Open(layer);

        ImmutableArray<RankCurve.Point> expected = processor.Curve(All, 2, Ct), points = compute.Curve(All, 2, Ct);

        Assert.Equal(layer.Layer.CurveRanks, points.Select(point => point.Rank));
        Assert.All(points.Zip(expected), pair => Assert.InRange(pair.First.Loss / pair.Second.Loss, 0.98, 1.02));
        Assert.All(points.Zip(points.Skip(1)), pair => Assert.InRange(pair.Second.Loss, 0, pair.First.Loss));
    }

    [Fact]
    public void The_first_point_of_a_curve_is_what_a_refit_begins_with()
    {
        LayerRecipe recipe = Recipes.Of(rank: 16, method: WeightMethod.Refit).With(RecipeSettings.Ridge, 3);
        var layer = new LayerCase(130, 160, recipe, tokensPerStep: 300);
        using ILayerCompute compute = Backend.Open(layer);

        ImmutableArray<RankCurve.Point> points = compute.Curve(All, 2, Ct);
        double begun = compute.Round(All, 2, Ct).Outcome.Refit!.Losses[0];

        // The outputs' energy is the same for all ranks: the losses of two ranks tell it.
        using ILayerCompute wide = Backend.Open(new LayerCase(130, 160, recipe.With(RecipeSettings.Rank, 32), tokensPerStep: 300));
        double wider = wide.Round(All, 2, Ct).Outcome.Refit!.Losses[0];
        Assert.Equal(wider / begun, points[2].Loss / points[1].Loss, 0.05 * wider / begun);
    }

    /// <summary>A layer whose tokens are normal, or their signed squares.</summary>
    private static LayerCase Case(int outputs, int channels, int rank, bool outliers) =>
        new(outputs, channels, Recipes.Of(rank), tokensPerStep: 60, change: (_, tokens) =>
        {
            foreach (float[] step in outliers ? tokens : [])
            {
                for (int i = 0; i < step.Length; i++)
                    step[i] *= Math.Abs(step[i]);
            }
        });

    private void AssertSum(double expected, double actual) =>
        Assert.Equal(expected, actual, (1e-4 + Fixture.Tolerance.Sums) * expected);

    /// <summary><c>||u P^T - Q(u) Q(P)^T||²</c> by brute force, with the ratio of the least weighted error.</summary>
    private static double Error(LayerCase layer, float[] rows, float[] tokens)
    {
        int channels = layer.Layer.InFeatures;
        ActivationRecipe recipe = layer.Layer.Recipe.Activations;
        float[] best = recipe.ClipRatios.Select(ratio => LayerReference.Rounded(layer, tokens,
                new ActivationQuantizer(new ClipSetting((float)ratio), recipe.Ties)))
            .MinBy(rounded => rounded.Select((value, i) => Math.Pow((double)tokens[i] - value, 2)
                * Enumerable.Range(0, layer.Layer.OutFeatures).Sum(row => Math.Pow(rows[(row * channels) + (i % channels)], 2))).Sum())!;
        float[] weight = RoundToNearest.Quantize(RandomData.Matrix([.. rows], channels), recipe.Ties).Weight.Dequantize();
        return LayerReference.Multiply(layer, tokens, rows).Zip(LayerReference.Multiply(layer, best, weight), (a, b) => (a - b) * (a - b))
            .Sum();
    }

    /// <summary>The Hadamard transform of every block of 32 values: the sign of i and j is that of the ones that they share.</summary>
    private static float[] Turned(float[] values, float factor) => [.. values.Select((_, at) => factor * Enumerable.Range(0, 32)
        .Sum(j => values[(at / 32 * 32) + j] * (int.PopCount((at % 32) & j) % 2 == 0 ? 1 : -1)))];
}
