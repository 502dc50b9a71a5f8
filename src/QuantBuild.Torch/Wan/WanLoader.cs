using System.Diagnostics.CodeAnalysis;
using QuantBuild.Artifacts;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>
/// Reads the parameters of an expert, each checked against the shape that the configuration implies, and owns what it made.
/// </summary>
/// <param name="config">Shape of the model.</param>
/// <param name="source">Its tensors.</param>
/// <param name="space">Where to.</param>
/// <param name="storage">Whether weights of linear layers stay on the device; else those of blocks are streamed.</param>
/// <param name="quantized">
/// Supplies a quantized layer by its full name, given its codes if they are streamed; null for one that is in full precision.
/// </param>
[SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "A layer owns its parameters.")]
internal sealed class WanLoader(WanConfig config, ITensorSource source, TensorSpace space, WeightStorage storage,
    Func<string, StreamedCodes?, ITorchLinear?> quantized) : IDisposable
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _shapes = WanTensors.ExpectedShapes(config);
    private readonly CheckedTensors _checked = new(source);
    private readonly List<IDisposable> _owned = [];
    private readonly List<StreamedTensor>[] _streamed = [.. Enumerable.Range(0, config.NumLayers).Select(_ => new List<StreamedTensor>())];
    private IWeightLane? _lane;

    /// <summary>Shape of the model.</summary>
    public WanConfig Config => config;

    /// <summary>What was counted of streamed blocks.</summary>
    public ResidentTally Tally { get; } = new();

    /// <summary>Takes something that is disposed with the parameters.</summary>
    public void Keep(IDisposable part) => Own(part);

    /// <summary>A tensor in float32.</summary>
    public Tensor Vector(string name)
    {
        Check(name);
        return Own(TensorUpload.Read(source, name, space, ScalarType.Float32));
    }

    /// <summary>A layer of full precision.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">[out, in] where the stored weight has more dimensions.</param>
    public ITorchLinear Linear(string name, long[]? shape = null) => Linear(name, Weight(name, space.Type, shape));

    /// <summary>A layer that computes in float32.</summary>
    public ITorchLinear Row(string name)
    {
        Check(name + ".bias");
        return Own(new RowLinear(Weight(name, space.Type, null),
            new HeldTensor(() => TensorUpload.Read(source, name + ".bias", space, ScalarType.Float32), WeightStorage.Resident)));
    }

    /// <summary>A block.</summary>
    public WanBlockParameters Block(int block)
    {
        string prefix = WanTensors.BlockPrefix(block);
        return new WanBlockParameters(
            Vector(prefix + "modulation"),
            Attention(block, prefix + "self_attn"),
            Attention(block, prefix + "cross_attn"),
            Vector(prefix + "norm3.weight"),
            Vector(prefix + "norm3.bias"),
            BlockLinear(block, prefix + "ffn.0"),
            BlockLinear(block, prefix + "ffn.2"));
    }

    /// <summary>Begins to bring the weights of blocks for a pass; null where they stay on the device.</summary>
    /// <param name="ct">Cancels the pass.</param>
    public BlockStream? Stream(CancellationToken ct)
    {
        if (storage == WeightStorage.Resident)
            return null;
        _lane ??= Own<IWeightLane>(space.IsCuda ? new CudaLane(space.Device) : new HostLane());
        return new BlockStream(_streamed, space, _lane, Tally, Prefetch, ct);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _owned.ForEach(part => part.Dispose());
        _owned.Clear();
    }

    /// <summary>Has the weights of a block read from the disk.</summary>
    private void Prefetch(int block)
    {
        foreach (string layer in WanLayers.Names)
        {
            string name = $"{WanTensors.BlockPrefix(block)}{layer}";
            foreach (string suffix in (string[])[".weight", ArtifactTensors.Codes, ArtifactTensors.Scales])
            {
                if (source.Tensors.ContainsKey(name + suffix))
                    source.Prefetch(name + suffix);
            }
        }
    }

    private WanAttentionParameters Attention(int block, string prefix) => new(
        BlockLinear(block, prefix + ".q"),
        BlockLinear(block, prefix + ".k"),
        BlockLinear(block, prefix + ".v"),
        BlockLinear(block, prefix + ".o"),
        Vector(prefix + ".norm_q.weight"),
        Vector(prefix + ".norm_k.weight"));

    private ITorchLinear BlockLinear(int block, string name)
    {
        bool isStreamed = storage == WeightStorage.Mapped;
        StreamedCodes? codes = isStreamed && source.Tensors.ContainsKey(name + ArtifactTensors.Codes)
            ? new StreamedCodes(Streamed(block, name + ArtifactTensors.Codes, ScalarType.Byte),
                Streamed(block, name + ArtifactTensors.Scales, ScalarType.Byte))
            : null;
        if (quantized(name, codes) is { } layer)
            return Own(layer);
        if (!isStreamed)
            return Linear(name);
        Check(name + ".weight");
        return Linear(name, new HeldTensor(Streamed(block, name + ".weight", space.Type)));
    }

    private StreamedTensor Streamed(int block, string name, ScalarType type)
    {
        var tensor = new StreamedTensor(name, [.. source.Tensors[name].Shape], type, TensorPortions.Of(source, name, type));
        _streamed[block].Add(tensor);
        return tensor;
    }

    private DenseLinear Linear(string name, HeldTensor weight)
    {
        Check(name + ".bias");
        return Own(new DenseLinear(weight,
            new HeldTensor(() => TensorUpload.Read(source, name + ".bias", space, space.Type), WeightStorage.Resident)));
    }

    private HeldTensor Weight(string name, ScalarType type, long[]? shape)
    {
        Check(name + ".weight");
        return new HeldTensor(() => TensorUpload.Read(source, name + ".weight", space, type, shape), storage);
    }

    private void Check(string name) => _checked.Check(name, [.. _shapes[name]]);

    private T Own<T>(T part) where T : IDisposable
    {
        _owned.Add(part);
        if (part is Tensor tensor)
            tensor.DetachFromDisposeScope();
        return part;
    }
}
