using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.BackendTests;

/// <summary>What the steps of a layer ought to find, by brute force: float32 where a value is rounded to 4 bits, else double.</summary>
internal static class LayerReference
{
    /// <summary>The smoothed weight, [out, in].</summary>
    public static float[] Smoothed(LayerCase layer) => layer.Scale.Length == 0
        ? [.. layer.Weight]
        : [.. layer.Weight.Select((value, i) => value * layer.Scale[i % layer.Layer.InFeatures])];

    /// <summary>The smoothed weight without its branch, [out, in].</summary>
    public static float[] Residual(LayerCase layer)
    {
        float[] residual = Smoothed(layer);
        layer.Branch?.SubtractFrom(RandomData.Matrix(residual, layer.Layer.InFeatures));
        return residual;
    }

    /// <summary>The smoothed tokens of some steps, [tokens, in].</summary>
    public static float[] SmoothedTokens(LayerCase layer, IEnumerable<int> steps) => layer.Scale.Length == 0
        ? layer.TokensOf(steps)
        : [.. layer.TokensOf(steps).Select((value, i) => value / layer.Scale[i % layer.Layer.InFeatures])];

    /// <summary>X^T X / n of what the main branch sees, [in, in].</summary>
    public static float[] Hessian(LayerCase layer, IEnumerable<int> steps)
    {
        float[] tokens = SmoothedTokens(layer, steps);
        if (layer.Layer.Recipe.Precision == Precision.W4A4)
            tokens = Rounded(layer, tokens, ActivationQuantizer.Unclipped(layer.Layer.Recipe.Activations.Ties));
        return RandomData.Hessian(tokens, layer.Layer.InFeatures);
    }

    /// <summary>The squared error of a clip candidate, eq. (10).</summary>
    public static double ClipError(LayerCase layer, ActivationRecipe recipe, IReadOnlyList<int> steps, ClipCandidate candidate)
    {
        float[] tokens = SmoothedTokens(layer, steps), residual = Residual(layer), rounded = layer.Packed.Dequantize();
        float? threshold = recipe.Granularity == ClipGranularity.Bin ? (float)candidate.Ratio * tokens.Max(MathF.Abs) : null;
        float[] clipped = Rounded(layer, tokens,
            new ActivationQuantizer(new ClipSetting((float)candidate.Ratio, candidate.ExponentOffset, threshold), recipe.Ties));
        double[] reference = Multiply(layer, tokens, recipe.Objective == ClipObjective.Output ? residual : rounded),
            output = Multiply(layer, clipped, rounded);
        return reference.Zip(output, (a, b) => (a - b) * (a - b)).Sum();
    }

    /// <summary>The sums of the four methods, eq. (11).</summary>
    public static ErrorSums[] Ladder(LayerCase layer, IReadOnlyList<int> steps, ClipSetting? clip)
    {
        TieRule ties = layer.Layer.Recipe.Activations.Ties;
        bool rounds = layer.Layer.Recipe.Precision == Precision.W4A4;
        ActivationQuantizer? unclipped = rounds ? ActivationQuantizer.Unclipped(ties) : null;
        int channels = layer.Layer.InFeatures;
        float[] tokens = layer.TokensOf(steps), smoothed = SmoothedTokens(layer, steps);
        float[] source = RoundToNearest.Quantize(RandomData.Matrix([.. layer.Weight], channels), ties).Weight.Dequantize(),
            nearest = RoundToNearest.Quantize(RandomData.Matrix(Residual(layer), channels), ties).Weight.Dequantize(),
            packed = layer.Packed.Dequantize();
        double[] reference = Multiply(layer, tokens, layer.Weight), branch = Branch(layer, smoothed);
        double[] Main(float[] x, float[] weight, ActivationQuantizer? quantizer) =>
            Multiply(layer, quantizer is null ? x : Rounded(layer, x, quantizer), weight);
        double[] Whole(float[] weight, ActivationQuantizer? quantizer) =>
            [.. Main(smoothed, weight, quantizer).Zip(branch, (a, b) => a + b)];
        double[][] outputs =
        [
            Main(tokens, source, unclipped), Whole(nearest, unclipped), Whole(packed, unclipped),
            Whole(packed, clip is { } setting ? new ActivationQuantizer(setting, ties) : null),
        ];
        return [.. outputs.Select(output => new ErrorSums(Dot(reference, reference),
            reference.Zip(output, (a, b) => (a - b) * (a - b)).Sum(), Dot(reference, output), Dot(output, output)))];
    }

    /// <summary>What a branch leaves of the smoothed weight, as a norm.</summary>
    public static double Left(LayerCase layer, LowRankBranch branch)
    {
        float[] smoothed = Smoothed(layer);
        double sum = 0;
        for (int o = 0; o < branch.Rows; o++)
        {
            for (int i = 0; i < branch.Columns; i++)
            {
                double value = smoothed[(o * branch.Columns) + i];
                for (int r = 0; r < branch.Rank; r++)
                    value -= (double)branch.Up[(o * branch.Rank) + r] * branch.Down[(r * branch.Columns) + i];
                sum += value * value;
            }
        }
        return Math.Sqrt(sum);
    }

    private static double[] Branch(LayerCase layer, float[] x)
    {
        int tokens = x.Length / layer.Layer.InFeatures;
        var y = new double[tokens * layer.Layer.OutFeatures];
        if (layer.Branch is not { } branch)
            return y;
        for (int t = 0; t < tokens; t++)
        {
            for (int r = 0; r < branch.Rank; r++)
            {
                double low = 0;
                for (int i = 0; i < branch.Columns; i++)
                    low += (double)x[(t * branch.Columns) + i] * branch.Down[(r * branch.Columns) + i];
                for (int o = 0; o < branch.Rows; o++)
                    y[(t * branch.Rows) + o] += low * branch.Up[(o * branch.Rank) + r];
            }
        }
        return y;
    }

    public static double[] Multiply(LayerCase layer, float[] x, float[] weight)
    {
        (int outputs, int channels) = (layer.Layer.OutFeatures, layer.Layer.InFeatures);
        var y = new double[x.Length / channels * outputs];
        for (int i = 0; i < y.Length; i++)
        {
            double sum = 0;
            for (int c = 0; c < channels; c++)
                sum += (double)x[(i / outputs * channels) + c] * weight[(i % outputs * channels) + c];
            y[i] = sum;
        }
        return y;
    }

    public static float[] Rounded(LayerCase layer, float[] tokens, ActivationQuantizer quantizer)
    {
        var rounded = new float[tokens.Length];
        MatrixView view = RandomData.Matrix(rounded, layer.Layer.InFeatures);
        quantizer.Apply(RandomData.Matrix(tokens, layer.Layer.InFeatures), view);
        return rounded;
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
