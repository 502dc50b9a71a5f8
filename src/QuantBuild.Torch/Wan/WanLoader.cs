using System.Diagnostics.CodeAnalysis;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Layers;
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
/// <param name="storage">Whether weights of linear layers stay on the device.</param>
/// <param name="quantized">Supplies a quantized layer by its full name; null for one that is in full precision.</param>
[SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "A layer owns its parameters.")]
internal sealed class WanLoader(WanConfig config, ITensorSource source, TensorSpace space, WeightStorage storage,
    Func<string, ITorchLinear?> quantized) : IDisposable
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _shapes = WanTensors.ExpectedShapes(config);
    private readonly CheckedTensors _checked = new(source);
    private readonly List<IDisposable> _owned = [];

    /// <summary>Shape of the model.</summary>
    public WanConfig Config => config;

    /// <summary>A tensor in float32.</summary>
    public Tensor Vector(string name)
    {
        Check(name);
        return Own(TensorUpload.Read(source, name, space, ScalarType.Float32));
    }

    /// <summary>A layer of full precision.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">[out, in] where the stored weight has more dimensions.</param>
    public ITorchLinear Linear(string name, long[]? shape = null)
    {
        Check(name + ".bias");
        return Own(new DenseLinear(Weight(name, space.Type, shape),
            new HeldTensor(() => TensorUpload.Read(source, name + ".bias", space, space.Type), WeightStorage.Resident)));
    }

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
            Attention(prefix + "self_attn"),
            Attention(prefix + "cross_attn"),
            Vector(prefix + "norm3.weight"),
            Vector(prefix + "norm3.bias"),
            BlockLinear(prefix + "ffn.0"),
            BlockLinear(prefix + "ffn.2"));
    }

    /// <summary>Has the weights of a block read from the disk while another one computes, where they do not stay on the device.</summary>
    public void Prefetch(int block)
    {
        if (storage == WeightStorage.Resident || block >= config.NumLayers)
            return;
        foreach (string layer in WanLayers.Names)
        {
            string name = $"{WanTensors.BlockPrefix(block)}{layer}";
            foreach (string suffix in (string[])[".weight", Artifacts.ArtifactTensors.Codes, Artifacts.ArtifactTensors.Scales])
            {
                if (source.Tensors.ContainsKey(name + suffix))
                    source.Prefetch(name + suffix);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _owned.ForEach(part => part.Dispose());
        _owned.Clear();
    }

    private WanAttentionParameters Attention(string prefix) => new(
        BlockLinear(prefix + ".q"),
        BlockLinear(prefix + ".k"),
        BlockLinear(prefix + ".v"),
        BlockLinear(prefix + ".o"),
        Vector(prefix + ".norm_q.weight"),
        Vector(prefix + ".norm_k.weight"));

    private ITorchLinear BlockLinear(string name) => quantized(name) is { } layer ? Own(layer) : Linear(name);

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
