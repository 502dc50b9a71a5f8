namespace QuantBuild.Models.Vae;

/// <summary>The tiles along one side of a picture.</summary>
/// <param name="Starts">Where each begins, in latent elements, ascending.</param>
/// <param name="Size">Their length in latent elements.</param>
/// <param name="Weights">
/// The share of each tile in what it covers, by element at the scale asked for; those of one place add up to one.
/// </param>
internal sealed record TileAxis(int[] Starts, int Size, float[][] Weights)
{
    /// <summary>Lays tiles over a side.</summary>
    /// <param name="length">Length of the side in latent elements.</param>
    /// <param name="tiling">Sizes in pixels.</param>
    /// <param name="scale">Elements of the result per latent element: 1 for latents, 8 for pixels.</param>
    public static TileAxis Lay(int length, VaeTiling tiling, int scale)
    {
        int size = Math.Min(tiling.Size / VaeConfig.SpatialStride, length), overlap = tiling.Overlap / VaeConfig.SpatialStride;
        var starts = new List<int> { 0 };
        while (starts[^1] + size < length)
            starts.Add(Math.Min(starts[^1] + size - overlap, length - size));
        float[][] weights = [.. starts.Select((start, i) => Ramp(size * scale, Math.Max(overlap * scale, 1), i > 0, i < starts.Count - 1))];
        var sums = new float[length * scale];
        for (int tile = 0; tile < weights.Length; tile++)
        {
            for (int i = 0; i < weights[tile].Length; i++)
                sums[(starts[tile] * scale) + i] += weights[tile][i];
        }
        for (int tile = 0; tile < weights.Length; tile++)
        {
            for (int i = 0; i < weights[tile].Length; i++)
                weights[tile][i] /= sums[(starts[tile] * scale) + i];
        }
        return new TileAxis([.. starts], size, weights);
    }

    /// <summary>Rises over the overlap where a tile has a neighbour, and is one elsewhere.</summary>
    private static float[] Ramp(int length, int overlap, bool before, bool after)
    {
        var ramp = new float[length];
        for (int i = 0; i < length; i++)
        {
            float rise = before ? Math.Min(1, (i + 0.5f) / overlap) : 1, fall = after ? Math.Min(1, (length - i - 0.5f) / overlap) : 1;
            ramp[i] = Math.Min(rise, fall);
        }
        return ramp;
    }
}
