using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>Reads the parameters of an expert, each checked against the shape that the configuration implies.</summary>
internal sealed class WanWeightsReader(WanConfig config, ITensorSource source, WeightStorage storage, WanLinearFactory? linears)
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _shapes = WanTensors.ExpectedShapes(config);

    /// <summary>A tensor in float32, whatever its shape.</summary>
    public float[] Vector(string name)
    {
        Check(name);
        return source.ReadFloat32(name);
    }

    /// <summary>A full-precision layer.</summary>
    public ILinear Linear(string name)
    {
        string weight = name + ".weight";
        float[] bias = Vector(name + ".bias");
        Check(weight);
        if (storage == WeightStorage.Mapped)
            return new MappedLinear(source, weight, bias);
        float[] values = source.ReadFloat32(weight);
        return new FullPrecisionLinear(new ReadOnlyMatrixView(values, bias.Length, values.Length / bias.Length), bias);
    }

    /// <summary>A block, with the layers that the factory supplies in place.</summary>
    public WanBlockWeights Block(int block)
    {
        string prefix = WanTensors.BlockPrefix(block);
        return new WanBlockWeights(
            Vector(prefix + "modulation"),
            Attention(block, "self_attn"),
            Attention(block, "cross_attn"),
            Vector(prefix + "norm3.weight"),
            Vector(prefix + "norm3.bias"),
            BlockLinear(block, "ffn.0"),
            BlockLinear(block, "ffn.2"));
    }

    private WanAttentionWeights Attention(int block, string name)
    {
        string prefix = WanTensors.BlockPrefix(block) + name;
        return new WanAttentionWeights(
            BlockLinear(block, name + ".q"),
            BlockLinear(block, name + ".k"),
            BlockLinear(block, name + ".v"),
            BlockLinear(block, name + ".o"),
            Vector(prefix + ".norm_q.weight"),
            Vector(prefix + ".norm_k.weight"));
    }

    private ILinear BlockLinear(int block, string layer)
    {
        string name = WanTensors.BlockPrefix(block) + layer;
        if (linears?.Invoke(block, layer) is not { } supplied)
            return Linear(name);
        (int rows, int columns) = config.ShapeOf(layer);
        if (supplied.OutFeatures != rows || supplied.InFeatures != columns)
            throw new ArgumentException(
                $"layer '{name}' is {rows}x{columns}, but the supplied one is {supplied.OutFeatures}x{supplied.InFeatures}");
        return supplied;
    }

    private void Check(string name)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");
        if (!tensor.Shape.SequenceEqual(_shapes[name]))
            throw new SafeTensorsException("WrongShape",
                $"tensor '{name}' is [{string.Join(',', tensor.Shape)}]; the configuration asks for [{string.Join(',', _shapes[name])}]");
        if (tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
            throw new SafeTensorsException("WrongDType", $"tensor '{name}' is {tensor.DType}; weights are F32, F16 or BF16");
    }
}

/// <summary>Supplies a linear layer of a block in place of the full-precision one.</summary>
/// <param name="block">Index of the block.</param>
/// <param name="layer">The layer, named as in <see cref="WanLayers.Names"/>.</param>
/// <returns>The layer, or null for the full-precision one of the checkpoint.</returns>
internal delegate ILinear? WanLinearFactory(int block, string layer);
