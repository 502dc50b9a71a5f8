using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>The parameters of one expert: immutable, to be shared by any number of <see cref="WanTransformer"/>s.</summary>
internal sealed class WanWeights
{
    private WanWeights(WanConfig config, WanWeightsReader reader)
    {
        Config = config;
        PatchEmbedding = reader.Linear("patch_embedding");
        TextEmbedding0 = reader.Linear("text_embedding.0");
        TextEmbedding2 = reader.Linear("text_embedding.2");
        TimeEmbedding0 = reader.Linear("time_embedding.0");
        TimeEmbedding2 = reader.Linear("time_embedding.2");
        TimeProjection = reader.Linear("time_projection.1");
        Blocks = [.. Enumerable.Range(0, config.NumLayers).Select(reader.Block)];
        HeadModulation = reader.Vector("head.modulation");
        Head = reader.Linear("head.head");
    }

    /// <summary>Shape of the model.</summary>
    public WanConfig Config { get; }

    internal ILinear PatchEmbedding { get; }

    internal ILinear TextEmbedding0 { get; }

    internal ILinear TextEmbedding2 { get; }

    internal ILinear TimeEmbedding0 { get; }

    internal ILinear TimeEmbedding2 { get; }

    internal ILinear TimeProjection { get; }

    internal IReadOnlyList<WanBlockWeights> Blocks { get; }

    internal float[] HeadModulation { get; }

    internal ILinear Head { get; }

    /// <summary>Loads an expert.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="source">Its tensors, F32, F16 or BF16; with <see cref="WeightStorage.Mapped"/> it must stay open.</param>
    /// <param name="storage">Where the full-precision weights of linear layers live.</param>
    /// <param name="linears">Supplies layers of blocks, such as quantized ones; tensors of these need not be in the source.</param>
    /// <exception cref="SafeTensorsException">A tensor is missing, or has another shape or an element type that is no float.</exception>
    /// <exception cref="ArgumentException">A supplied layer has another shape.</exception>
    public static WanWeights Load(WanConfig config, ITensorSource source, WeightStorage storage = WeightStorage.Resident,
        WanLinearFactory? linears = null) =>
        new(config, new WanWeightsReader(config, source, storage, linears));
}
