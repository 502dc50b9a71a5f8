using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Inputs;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;

namespace QuantBuild.Compiler.Torch;

/// <summary>Bytes that the steps of a layer hold, from shapes alone. Tests hold them against measurement.</summary>
internal static class TorchNeeds
{
    /// <summary>
    /// What the first work of a kind takes for itself: code, buffers of products, and what was given back and is not gone.
    /// </summary>
    public const long Library = 128L << 20;

    // Forms of a chunk of rows, or of a portion of tokens, that are alive while it is rounded.
    private const long RoundingForms = 26;

    // Matrices of the Hessian's size at the peak of a factorization: it or the moments that it is made of, what is factored, the factor,
    // and two in which libtorch clears the other triangle.
    private const long Factoring = 5;

    // Portions of tokens that were given back and that the process still holds: 0 to 150 MB from run to run, where a portion has 12.
    private const long GivenBack = 18;

    // The same of products with the weight: of 1024 tokens and 4096 outputs, 16 MiB each, up to one and a half more than are alive.
    private const long ProductsGivenBack = 4;

    /// <summary>Memory of the process, and of the device.</summary>
    public static (long Host, long Device) Of(LayerStep step, LayerSpec layer)
    {
        (long outputs, long inputs) = (layer.OutFeatures, layer.InFeatures);
        long weight = 4 * outputs * inputs, tokens = 4L * LayerTokens.AtOnce * inputs, products = 4L * LayerTokens.AtOnce * outputs;
        long chunk = 4L * Math.Min(outputs * inputs, RowChunks.Elements) * RoundingForms;
        long packed = outputs * (Mxfp4.CodeBytes(layer.InFeatures) + Mxfp4.Blocks(layer.InFeatures));
        long always = Library + TensorUpload.BufferBytes + weight;
        long device = step switch
        {
            LayerStep.Rotate => always + Math.Max(LowRank(layer, layer.TrialBranch, weight, chunk),
                (tokens * (RoundingForms + 2 + GivenBack)) - weight),
            LayerStep.Curve => always + Round(layer.Widest, weight, chunk, tokens),
            LayerStep.LowRank => always + LowRank(layer, layer.Recipe.LowRank, weight, chunk),
            LayerStep.Round => always + Round(layer, weight, chunk, tokens),
            LayerStep.Clip => always + weight + Math.Max(chunk, (tokens * (RoundingForms + 2 + GivenBack)) + (4 * products)),
            _ => always + (3 * weight) + Math.Max(chunk, (tokens * (RoundingForms + 4 + GivenBack)) + ((6 + ProductsGivenBack) * products)),
        };
        return ((3 * packed) + (2 * tokens), device);
    }

    private static long LowRank(LayerSpec layer, LowRankRecipe recipe, long weight, long chunk)
    {
        long width = recipe.Rank + 47L;
        long bases = (layer.OutFeatures + (long)layer.InFeatures) * width * 8 * 8;
        return Math.Max(chunk, recipe.Method == LowRankMethod.Exact ? 10 * weight : bases);
    }

    /// <summary>
    /// For GPTQ the Hessian; and with it a portion of tokens, what its factorization holds, or the factor with the errors of the sweep and
    /// a block.
    /// </summary>
    private static long Round(LayerSpec layer, long weight, long chunk, long tokens)
    {
        if (layer.Recipe.Weights.Method == WeightMethod.Rtn)
            return chunk;
        long hessian = 4L * layer.InFeatures * layer.InFeatures, block = 4L * ColumnSweep.Block * layer.OutFeatures * RoundingForms;
        if (layer.Recipe.Weights.Method == WeightMethod.Refit)
            return Refit(layer, weight, hessian, tokens, Math.Max(chunk, block));
        return Math.Max(hessian + (tokens * RoundingForms),
            Math.Max(Factoring * hessian, (2 * hessian) + (weight * 3 / 2) + Math.Max(chunk, block)));
    }

    /// <summary>
    /// The moments, and with them a portion of tokens and the first branch; what the factorization of H holds beside the error; or the
    /// factor with the error, what is rounded and the sweep's errors, and the bases of a branch.
    /// </summary>
    private static long Refit(LayerSpec layer, long weight, long hessian, long tokens, long rounding)
    {
        long width = MetricBranch.WidthOf(layer.Recipe.LowRank.Rank);
        long bases = (layer.OutFeatures + (long)layer.InFeatures) * width * 8 * 4;
        return Math.Max((2 * hessian) + (weight * 2) + (tokens * (RoundingForms + GivenBack)),
            Math.Max(Factoring * hessian, (3 * hessian) + (weight * 7 / 2) + rounding) + weight + bases);
    }
}
