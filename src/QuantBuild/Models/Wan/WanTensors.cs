namespace QuantBuild.Models.Wan;

/// <summary>The tensors of an expert's checkpoint in the original layout.</summary>
internal static class WanTensors
{
    /// <summary>Every tensor and its shape, 15 global ones and 27 per block, in forward order.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<long>> ExpectedShapes(WanConfig config)
    {
        var shapes = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal)
        {
            ["patch_embedding.weight"] = [config.Dim, config.InDim, 1, 2, 2],
            ["patch_embedding.bias"] = [config.Dim],
        };
        AddLinear(shapes, "text_embedding.0", config.Dim, config.TextDim);
        AddLinear(shapes, "text_embedding.2", config.Dim, config.Dim);
        AddLinear(shapes, "time_embedding.0", config.Dim, config.FreqDim);
        AddLinear(shapes, "time_embedding.2", config.Dim, config.Dim);
        AddLinear(shapes, "time_projection.1", 6 * config.Dim, config.Dim);
        for (int block = 0; block < config.NumLayers; block++)
            AddBlock(shapes, config, BlockPrefix(block));
        shapes["head.modulation"] = [1, 2, config.Dim];
        AddLinear(shapes, "head.head", 4 * config.OutDim, config.Dim);
        return shapes;
    }

    /// <summary>What the names of a block's tensors start with, such as <c>blocks.3.</c>.</summary>
    public static string BlockPrefix(int block) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"blocks.{block}.");

    private static void AddBlock(Dictionary<string, IReadOnlyList<long>> shapes, WanConfig config, string prefix)
    {
        shapes[prefix + "modulation"] = [1, 6, config.Dim];
        shapes[prefix + "norm3.weight"] = [config.Dim];
        shapes[prefix + "norm3.bias"] = [config.Dim];
        foreach (string attention in (string[])["self_attn", "cross_attn"])
        {
            shapes[$"{prefix}{attention}.norm_q.weight"] = [config.Dim];
            shapes[$"{prefix}{attention}.norm_k.weight"] = [config.Dim];
        }
        foreach (string layer in WanLayers.Names)
        {
            (int rows, int columns) = config.ShapeOf(layer);
            AddLinear(shapes, prefix + layer, rows, columns);
        }
    }

    private static void AddLinear(Dictionary<string, IReadOnlyList<long>> shapes, string name, long rows, long columns)
    {
        shapes[name + ".weight"] = [rows, columns];
        shapes[name + ".bias"] = [rows];
    }
}
