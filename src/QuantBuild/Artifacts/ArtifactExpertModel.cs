using System.Collections.Immutable;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>One expert of an open artifact: its tensors, and the model made of them.</summary>
public sealed class ArtifactExpertModel
{
    private readonly ShardedCheckpoint _tensors;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _shapes;

    internal ArtifactExpertModel(string name, ArtifactExpert description, WanConfig config, ShardedCheckpoint tensors)
    {
        Name = name;
        Description = description;
        Config = config;
        _tensors = tensors;
        _shapes = WanTensors.ExpectedShapes(config);
    }

    /// <summary><c>high_noise</c> or <c>low_noise</c>.</summary>
    public string Name { get; }

    /// <summary>What the descriptor says about it.</summary>
    public ArtifactExpert Description { get; }

    /// <summary>Its shape.</summary>
    public WanConfig Config { get; }

    /// <summary>Its tensors, valid while the artifact is open.</summary>
    public ITensorSource Tensors => _tensors;

    /// <summary>Loads the weights, quantized layers included, for any number of <see cref="WanTransformer"/>s.</summary>
    /// <param name="storage">
    /// <see cref="WeightStorage.Resident"/> widens every weight to float32 in memory; <see cref="WeightStorage.Mapped"/> leaves weights in
    /// their files and needs the artifact open as long as they are used. The results are the same.
    /// </param>
    internal WanWeights LoadWeights(WeightStorage storage = WeightStorage.Resident) =>
        WanWeights.Load(Config, _tensors, storage, (block, layer) => Linear(WanTensors.BlockPrefix(block) + layer, storage));

    /// <summary>A quantized layer; null for a layer kept at its source precision.</summary>
    /// <param name="layer">Its full name, such as <c>blocks.3.ffn.2</c>.</param>
    /// <param name="storage">Where its weight lives.</param>
    /// <exception cref="ArgumentException">The expert has no such layer.</exception>
    public ILinear? Linear(string layer, WeightStorage storage = WeightStorage.Resident) =>
        Parameters(layer) is { } parameters ? new QuantizedLinear(parameters, storage) : null;

    /// <summary>The parameters of a quantized layer, its weight where it lies; null for a layer kept at its source precision.</summary>
    /// <param name="layer">Its full name.</param>
    /// <exception cref="ArgumentException">The expert has no such layer.</exception>
    internal QuantizedLayer? Parameters(string layer)
    {
        if (!Description.Layers.TryGetValue(layer, out ArtifactLayer? entry))
            throw new ArgumentException($"there is no layer '{layer}'", nameof(layer));
        if (!entry.IsQuantized)
            return null;
        IReadOnlyList<long> shape = _shapes[layer + ".weight"];
        return new QuantizedLayer
        {
            OutFeatures = (int)shape[0],
            InFeatures = (int)shape[1],
            Codes = TensorMemory.Of(_tensors, layer + ArtifactTensors.Codes),
            Scales = TensorMemory.Of(_tensors, layer + ArtifactTensors.Scales),
            Smooth = entry.Smooth ? _tensors.ReadFloat32(layer + ArtifactTensors.Smooth) : default(ReadOnlyMemory<float>),
            Rotation = entry.Rotation is null ? Rotation.None : Rotation.Hadamard32,
            Rank = entry.Rank,
            Down = entry.Rank > 0 ? _tensors.ReadFloat32(layer + ArtifactTensors.Down) : default(ReadOnlyMemory<float>),
            Up = entry.Rank > 0 ? _tensors.ReadFloat32(layer + ArtifactTensors.Up) : default(ReadOnlyMemory<float>),
            Bias = _tensors.ReadFloat32(layer + ArtifactTensors.Bias),
            Activations = entry.Precision == ArtifactLayer.W4A4 ? Policy(entry) : null,
        };
    }

    private ActivationPolicy Policy(ArtifactLayer layer)
    {
        ImmutableArray<ArtifactBin> bins = Description.Bins;
        return new ActivationPolicy(
            layer.Ties == ArtifactLayer.TiesToEven ? TieRule.Even : TieRule.Zero,
            [.. bins.Select((bin, i) => new ActivationSetting(bin.MinTimestep, bin.MaxTimestep,
                bin.KeepsActivations ? null : layer.Clips[i]))]);
    }
}
