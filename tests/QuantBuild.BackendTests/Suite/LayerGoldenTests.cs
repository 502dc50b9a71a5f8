using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.BackendTests;

/// <summary>Steps of layers against the golden values of the paper's own functions.</summary>
public abstract class LayerGoldenTests : BackendSuite
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void GPTQ_gives_the_golden_codes_and_loss(int @case)
    {
        using var golden = new GoldenSet("gptq");
        MatrixView weight = golden.Matrix($"case.{@case}.w"), hessian = golden.Matrix($"case.{@case}.hessian");
        var layer = new LayerCase(Spec(weight, Recipes.Of(rank: 0, Precision.W4A16)), weight.Data.ToArray(), [], TokensOf(hessian), null,
            PackedWeight.Empty(weight.Rows, weight.Columns));
        using ILayerCompute compute = Backend.Open(layer);

        GptqResult result = compute.Round([0], threads: 2, Ct);

        byte[] codes = golden.Bytes($"case.{@case}.gptq.packed");
        double equal = codes.Zip(result.Codes).Average(pair =>
            ((pair.First & 15) == (pair.Second & 15) ? 0.5 : 0) + (pair.First >> 4 == pair.Second >> 4 ? 0.5 : 0));
        Assert.Equal(golden.Bytes($"case.{@case}.gptq.scales"), result.Scales);
        Assert.InRange(equal, Fixture.Tolerance.Codes, 1);
        double expected = golden.Scalar($"case.{@case}.gptq.proxy_error");
        Assert.Equal(expected, ProxyLoss.Of(weight, result.Weight, hessian), 1e-4 * expected);
        Assert.Equal(@case == 1 ? 5 : 0, result.Outcome.DeadColumns);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0, 16)]
    [InlineData(1, 8)]
    [InlineData(1, 16)]
    public void A_low_rank_branch_is_as_good_as_the_golden_one(int @case, int rank)
    {
        using var golden = new GoldenSet("lowrank");
        MatrixView weight = golden.Matrix($"case.{@case}.w");
        float[] expected = golden.Floats($"case.{@case}.rank{rank}.bf16"), values = weight.Data.ToArray();
        var layer = new LayerCase(Spec(weight, Recipes.Of(rank)), values, [], [], null, PackedWeight.Empty(weight.Rows, weight.Columns));
        using ILayerCompute compute = Backend.Open(layer);

        LowRankBranch branch = compute.LowRank(threads: 2, Ct);

        double left = Math.Sqrt(values.Zip(expected, (w, l) => ((double)w - l) * ((double)w - l)).Sum());
        Assert.Equal(left, LayerReference.Left(layer, branch), 2e-3 * left);
    }

    [Theory]
    [InlineData(0, "y.clip1.0", 1f)]
    [InlineData(0, "y.clip0.8", 0.8f)]
    [InlineData(1, "y.clip1.0", 1f)]
    [InlineData(1, "y.clip0.8", 0.8f)]
    public void A_measured_layer_has_the_error_of_the_golden_output(int @case, string tensor, float ratio)
    {
        using var golden = new GoldenSet("qlinear");
        MatrixView weight = golden.Matrix($"case.{@case}.w");
        float[] bias = golden.Floats($"case.{@case}.bias"), full = golden.Floats($"case.{@case}.y_float"),
            expected = golden.Floats($"case.{@case}.{tensor}");
        var layer = new LayerCase(Spec(weight, Recipes.Of(rank: 8)), weight.Data.ToArray(),
            golden.Floats($"case.{@case}.smooth_scale_bf16"),
            golden.Floats($"case.{@case}.x"),
            LowRankBranch.FromBits(weight.Rows, weight.Columns, golden.Halves($"case.{@case}.b"), golden.Halves($"case.{@case}.a")),
            new PackedWeight(weight.Rows, weight.Columns, golden.Bytes($"case.{@case}.packed"), golden.Bytes($"case.{@case}.scales")));
        using ILayerCompute compute = Backend.Open(layer);

        ErrorSums recipe = compute.Measure(new ClipSetting(ratio), [0], threads: 2, Ct).Sums[^1];

        double difference = expected.Zip(full, (a, b) => ((double)a - b) * ((double)a - b)).Sum(),
            reference = full.Select((value, i) => Math.Pow((double)value - bias[i % bias.Length], 2)).Sum();
        Assert.Equal(Math.Sqrt(difference / reference), recipe.RelativeError, (1e-4 + Fixture.Tolerance.Sums) * recipe.RelativeError);
    }

    /// <summary>The golden files round ties to the smaller magnitude.</summary>
    private static LayerSpec Spec(MatrixView weight, LayerRecipe recipe) => new("golden", weight.Rows, weight.Columns,
        recipe.With(RecipeSettings.Ties, TieRule.Zero));

    /// <summary>Tokens with a given Hessian, as many as channels: the rows of <c>sqrt(n) L^T</c>, with <c>H = L L^T</c>.</summary>
    private static float[] TokensOf(MatrixView hessian)
    {
        int n = hessian.Rows;
        var lower = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = hessian[i, j];
                for (int k = 0; k < j; k++)
                    sum -= lower[i, k] * lower[j, k];
                // A dead channel has no row, and no column.
                lower[i, j] = i == j ? Math.Sqrt(Math.Max(0, sum)) : lower[j, j] == 0 ? 0 : sum / lower[j, j];
            }
        }
        var tokens = new float[n * n];
        for (int token = 0; token < n; token++)
        {
            for (int channel = token; channel < n; channel++)
                tokens[(token * n) + channel] = (float)(Math.Sqrt(n) * lower[channel, token]);
        }
        return tokens;
    }
}
