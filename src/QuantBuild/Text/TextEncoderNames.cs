using System.Globalization;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>The tensors of a UMT5 encoder: their names in Wan's own checkpoints, and in the Transformers library's.</summary>
internal static class TextEncoderNames
{
    // Within a block: Wan's name, the library's name.
    private static readonly (string Ours, string Theirs)[] InBlock =
    [
        ("norm1.weight", "layer.0.layer_norm.weight"),
        ("attn.q.weight", "layer.0.SelfAttention.q.weight"),
        ("attn.k.weight", "layer.0.SelfAttention.k.weight"),
        ("attn.v.weight", "layer.0.SelfAttention.v.weight"),
        ("attn.o.weight", "layer.0.SelfAttention.o.weight"),
        ("pos_embedding.embedding.weight", "layer.0.SelfAttention.relative_attention_bias.weight"),
        ("norm2.weight", "layer.1.layer_norm.weight"),
        ("ffn.gate.0.weight", "layer.1.DenseReluDense.wi_0.weight"),
        ("ffn.fc1.weight", "layer.1.DenseReluDense.wi_1.weight"),
        ("ffn.fc2.weight", "layer.1.DenseReluDense.wo.weight"),
    ];

    /// <summary>A checkpoint's tensors under Wan's own names, each checked.</summary>
    /// <param name="config">Shape of the encoder.</param>
    /// <param name="source">Its tensors, under Wan's own names or those of the Transformers library.</param>
    /// <exception cref="SafeTensorsException">A tensor is missing, of another shape, or no float.</exception>
    public static CheckedTensors Check(TextEncoderConfig config, ITensorSource source)
    {
        var tensors = new CheckedTensors(source.Tensors.ContainsKey("token_embedding.weight")
            ? source
            : new RenamedTensors(source, Transformers(config)));
        foreach ((string name, long[] shape) in Shapes(config))
            tensors.Check(name, shape);
        return tensors;
    }

    /// <summary>What the names of a block's tensors start with.</summary>
    public static string BlockPrefix(int block) => string.Create(CultureInfo.InvariantCulture, $"blocks.{block}.");

    /// <summary>Wan's names, each with the library's.</summary>
    public static Dictionary<string, string> Transformers(TextEncoderConfig config)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token_embedding.weight"] = "shared.weight",
            ["norm.weight"] = "encoder.final_layer_norm.weight",
        };
        for (int block = 0; block < config.NumLayers; block++)
        {
            foreach ((string ours, string theirs) in InBlock)
                names.Add(BlockPrefix(block) + ours, string.Create(CultureInfo.InvariantCulture, $"encoder.block.{block}.{theirs}"));
        }
        return names;
    }

    /// <summary>Every tensor by Wan's name, with its shape.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Shapes(TextEncoderConfig config)
    {
        yield return ("token_embedding.weight", [config.VocabularySize, config.Dim]);
        for (int block = 0; block < config.NumLayers; block++)
        {
            foreach ((string name, _) in InBlock)
                yield return (BlockPrefix(block) + name, Shape(config, name));
        }
        yield return ("norm.weight", [config.Dim]);
    }

    private static long[] Shape(TextEncoderConfig config, string name) => name switch
    {
        "norm1.weight" or "norm2.weight" => [config.Dim],
        "attn.o.weight" => [config.Dim, config.AttentionDim],
        "pos_embedding.embedding.weight" => [config.Buckets, config.NumHeads],
        "ffn.gate.0.weight" or "ffn.fc1.weight" => [config.FfnDim, config.Dim],
        "ffn.fc2.weight" => [config.Dim, config.FfnDim],
        _ => [config.AttentionDim, config.Dim],
    };
}
