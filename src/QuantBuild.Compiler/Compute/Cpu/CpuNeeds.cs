using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>Bytes that the steps of a layer hold, from shapes alone. Tests hold them against measurement.</summary>
internal static class CpuNeeds
{
    /// <summary>The weight, the bases of the decomposition, and for the exact one double precision.</summary>
    public static long LowRank(LayerSpec layer, int threads)
    {
        LowRankRecipe recipe = layer.Recipe.LowRank;
        long width = (recipe.Rank + 16L + 31) / 32 * 32;
        long bases = (layer.OutFeatures + (long)layer.InFeatures) * width * (4 + (4 * 8));
        long exact = recipe.Method == LowRankMethod.Exact ? 16L * layer.OutFeatures * layer.InFeatures : 0;
        return WorkingSets.Weight(layer) + bases + exact + WorkingSets.ProductPanels(threads);
    }

    /// <summary>What a branch takes, and a portion of tokens before and after rounding with some outputs.</summary>
    public static long Rotate(LayerSpec layer, int threads) => LowRank(layer, threads)
        + (4L * CpuLayer.PortionRows(layer) * ((3L * layer.InFeatures) + WeightRows.Most)) + (12L * WeightRows.Most * layer.InFeatures);

    /// <summary>
    /// A refit: the weight, its error and two forms of a set of rows; the second moments and the factored Hessian; and with them two forms
    /// of a portion of tokens, or a sweep, or the bases of a branch.
    /// </summary>
    private static long Refit(LayerSpec layer, int threads)
    {
        long outputs = layer.OutFeatures, inputs = layer.InFeatures, weight = 4 * outputs * inputs;
        long bases = (outputs + inputs) * MetricBranch.WidthOf(layer.Recipe.LowRank.Rank) * (4 + (4 * 8));
        long tokens = 3 * 4L * CpuLayer.PortionRows(layer) * inputs;
        long sets = 2 * 4 * inputs * new RowSet(0).CountIn(layer.OutFeatures);
        return WorkingSets.Weight(layer) + weight + sets + (2 * WorkingSets.Packed(layer)) + (8 * inputs * inputs) + bases
            + WorkingSets.ProductPanels(threads) + Math.Max(tokens, Sweep(layer, new RowSet(0).CountIn(layer.OutFeatures), threads));
    }

    private static long Sweep(LayerSpec layer, int rows, int threads)
    {
        long rowsAtOnce = Workers.RangeSize(rows, threads, GptqBlock.Granule, GptqSweep.RowsAtOnce) + GptqBlock.Granule;
        long block = layer.Recipe.Weights.BlockSize, channels = layer.InFeatures;
        long forms = layer.Recipe.Weights.Order == WeightOrder.Channel ? 1 : 2;
        return threads * 4 * ((rowsAtOnce * ((forms * channels) + (5 * block))) + (block * block));
    }

    /// <summary>The weight in both forms, and for GPTQ the Hessian with a portion of tokens, or with the rows of a sweep.</summary>
    public static long Round(LayerSpec layer, int threads)
    {
        long always = WorkingSets.Weight(layer) + WorkingSets.Packed(layer) + WorkingSets.ProductPanels(threads);
        if (layer.Recipe.Weights.Method == WeightMethod.Rtn)
            return always;
        if (layer.Recipe.Weights.Method == WeightMethod.Refit)
            return Refit(layer, threads);
        long inputs = layer.InFeatures;
        long hessian = 4 * inputs * inputs;
        long tokens = 2 * 4L * CpuLayer.PortionRows(layer) * inputs;
        return always + hessian + Math.Max(tokens, Sweep(layer, layer.OutFeatures, threads));
    }

    /// <summary>The weight in three forms, and a portion of tokens with what every candidate changes of it.</summary>
    public static long Clip(LayerSpec layer, long tokens, int threads)
    {
        ActivationRecipe recipe = layer.Recipe.Activations;
        long candidates = recipe.ClipRatios.Length * (long)recipe.ExponentOffsets.Length;
        long rows = Math.Min(ClipSearch.TokensAtOnce, tokens);
        // A portion as float32 and, for every candidate, its changed blocks: bytes, and a scale, a correction and a token's index per
        // block.
        long portion = rows * layer.InFeatures * 4 + (rows * layer.InFeatures * (candidates + 1) * 3 / 2);
        long outputs = rows * layer.OutFeatures * 4;
        // What the first candidate's rounding takes away, and a panel of the weight.
        long differences = recipe.Objective == ClipObjective.Activation ? (rows + 512) * layer.InFeatures * 4 : 0;
        return differences + WorkingSets.Weight(layer) + WorkingSets.Packed(layer) + WorkingSets.Panels(layer.OutFeatures, layer.InFeatures)
            + portion + outputs + WorkingSets.ProductPanels(threads);
    }

    /// <summary>The weight and its rounded forms, and a portion of tokens as every method sees it.</summary>
    public static long Measure(LayerSpec layer, int threads)
    {
        long rows = LayerError.TokensAtOnce;
        long perMethod = (rows * layer.InFeatures * 4) + Mxfp4Tokens.BytesFor(LayerError.TokensAtOnce, layer.InFeatures)
            + WorkingSets.Panels(Math.Min(512, layer.OutFeatures), layer.InFeatures);
        return WorkingSets.Weight(layer) + (3 * WorkingSets.Packed(layer)) + (rows * layer.InFeatures * 4)
            + (LadderErrors.Methods.Length * perMethod) + (rows * 512 * 8)
            + WorkingSets.ProductPanels(threads);
    }
}
