using QuantBuild.Models;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>Shape of a UMT5 encoder, as its <c>config.json</c> gives it.</summary>
internal sealed record TextEncoderConfig
{
    /// <summary>Number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream and of the result.</summary>
    public required int Dim { get; init; }

    /// <summary>Width of all attention heads together.</summary>
    public required int AttentionDim { get; init; }

    /// <summary>Hidden width of the feed-forward network.</summary>
    public required int FfnDim { get; init; }

    /// <summary>Attention heads; <see cref="AttentionDim"/> is a multiple of it.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Relative positions are told apart in this many classes.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>Distance from which on relative positions are all one class.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>Epsilon of every normalization.</summary>
    public float Eps { get; init; } = 1e-6f;

    /// <summary>Reads a <c>config.json</c> with the field names of Wan's own encoder or of the Transformers library.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no JSON object, or a field is missing or impossible; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TextEncoderConfig Load(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>The configuration of an encoder whose file comes without one, as the original release's: from its shapes.</summary>
    /// <param name="tensors">Tensors under Wan's own names.</param>
    /// <exception cref="InvalidDataException">They are not those of a UMT5 encoder.</exception>
    internal static TextEncoderConfig From(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        int layers = 0;
        while (tensors.ContainsKey(TextEncoderNames.BlockPrefix(layers) + "ffn.fc1.weight"))
            layers++;
        return new TextEncoderConfig
        {
            VocabularySize = Size("token_embedding.weight", 0),
            Dim = Size("token_embedding.weight", 1),
            AttentionDim = Size("blocks.0.attn.q.weight", 0),
            FfnDim = Size("blocks.0.ffn.fc1.weight", 0),
            NumHeads = Size("blocks.0.pos_embedding.embedding.weight", 1),
            NumLayers = layers,
            Buckets = Size("blocks.0.pos_embedding.embedding.weight", 0),
        };

        int Size(string name, int at) => tensors.TryGetValue(name, out TensorInfo? tensor) && tensor.Shape.Count == 2
            && tensor.Shape[at] is > 0 and <= 1 << 20
            ? (int)tensor.Shape[at]
            : throw new InvalidDataException($"there is no matrix '{name}', so this is no UMT5 encoder of Wan");
    }

    /// <summary>Reads a configuration that is in memory.</summary>
    internal static TextEncoderConfig Parse(ReadOnlyMemory<byte> json, string path)
    {
        using var file = new ConfigFile(json, path);
        file.RequireIfThere("shared_pos", "false");
        file.RequireIfThere("is_gated_act", "true");
        int heads = file.Size("num_heads");
        var config = new TextEncoderConfig
        {
            VocabularySize = file.Size("vocab_size"),
            Dim = file.Size("dim", "d_model"),
            AttentionDim = file.Has("dim_attn") ? file.Size("dim_attn") : file.Product(heads, "d_kv"),
            FfnDim = file.Size("dim_ffn", "d_ff"),
            NumHeads = heads,
            NumLayers = file.Size("num_layers"),
            Buckets = file.Size("num_buckets", "relative_attention_num_buckets"),
            MaxDistance = file.Size("max_dist", "relative_attention_max_distance"),
            Eps = file.Fraction("eps", "layer_norm_epsilon"),
        };
        if (config.AttentionDim % heads != 0)
            throw file.Wrong("dim_attn", $"a multiple of 'num_heads', {heads}");
        if (config.Buckets % 4 != 0 || config.MaxDistance <= config.Buckets / 4)
            throw file.Wrong("num_buckets", "a multiple of 4 that leaves distances up to 'max_dist' to tell apart");
        return config;
    }
}
