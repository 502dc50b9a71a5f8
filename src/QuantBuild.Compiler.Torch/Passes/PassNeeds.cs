using QuantBuild.Compiler.Compute;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch.Formats;

namespace QuantBuild.Compiler.Torch.Passes;

/// <summary>Bytes that a forward pass holds, from shapes alone. Tests hold them against measurement.</summary>
internal static class PassNeeds
{
    // Of the residual stream's values in float32, what is alive while keys are made: the stream, a projection, its square, its normalized
    // and its turned form; and, in the element type of products, input, projection, queries, keys and a copy.
    private const int Floats = 5, Products = 5;

    // Rows of an embedding's weight that are widened at once, and forms of the latent on its way into tokens and back.
    private const long RowsAtOnce = 4096, LatentForms = 4;

    // Forms of a value that is rounded to MXFP4 by plain operations, and of an input that is smoothed and rotated.
    private const long RoundingForms = 37, SmoothForms = 3;

    /// <summary>Activations at their peak.</summary>
    /// <param name="config">Shape of the expert.</param>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="size">Bytes of an element of products.</param>
    /// <param name="is4Bit">Whether layers round their inputs, by plain operations: a GPU's kernel needs less.</param>
    public static long Activations(WanConfig config, LatentShape shape, int size, bool is4Bit)
    {
        long tokens = shape.Volume / Patches.Size, stream = tokens * config.Dim, hidden = tokens * config.FfnDim;
        long attention = stream * ((4 * Floats) + 1 + (Products * size)), feedForward = (stream * (4 + size + 4)) + (2 * hidden * size);
        long quantized = is4Bit
            ? (hidden * ((4 * SmoothForms) + (2 * size)))
                + (Math.Min(tokens, OperationQuantizer.TokensAtOnce) * config.FfnDim * 4 * RoundingForms)
                + (stream * (8 + (2 * size)))
            : 0;
        long text = config.TextLen * ((8L * config.TextDim) + (config.Dim * (12L + (4 * size))));
        long latents = (tokens * 4 * Patches.Size * config.InDim * LatentForms) + (4 * tokens * config.HeadDim);
        long time = 4 * Math.Min(RowsAtOnce, 6L * config.Dim) * config.Dim;
        return Math.Max(Math.Max(attention, feedForward), quantized) + text + latents + time;
    }

    /// <summary>Weights that are there at one time.</summary>
    /// <param name="placement">Where they stay.</param>
    /// <param name="weights">How many there are.</param>
    /// <param name="config">Shape of the larger expert.</param>
    /// <param name="size">Bytes of an element.</param>
    public static long Weights(ModelPlacement placement, ModelElements weights, WanConfig config, int size)
    {
        if (placement.Storage == WeightStorage.Resident)
            return size * (placement.OneAtATime ? weights.Larger : weights.Both);
        // Two blocks; the largest of the weights around them, which come one by one; gains, biases and modulations of both experts.
        long dim = config.Dim, block = (8 * dim * dim) + (2 * dim * config.FfnDim);
        long around = Math.Max(6 * dim * dim, dim * config.TextDim), vectors = 2L * config.NumLayers * ((24 * dim) + config.FfnDim);
        return (size * ((2 * block) + around)) + (4 * vectors);
    }
}
