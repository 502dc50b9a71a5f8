using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.LowRank;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Kernels;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Inputs;

/// <summary>A layer's weight on the device in float32, [out, in], in the form that a step asks for; brought there each time.</summary>
/// <param name="data">The layer.</param>
/// <param name="space">The device.</param>
/// <param name="tables">Its tables.</param>
internal sealed class LayerWeights(ILayerData data, TensorSpace space, Mxfp4Tables tables)
{
    private readonly LayerSpec _layer = data.Layer;

    /// <summary>The weight of the checkpoint.</summary>
    /// <exception cref="NumericException">It is not finite.</exception>
    public Tensor Source()
    {
        Tensor weight = TensorUpload.Read(data.Weights, _layer.WeightName, space, ScalarType.Float32,
            [_layer.OutFeatures, _layer.InFeatures]);
        FiniteTensor.Check(NumericException.Weight, weight);
        return weight;
    }

    /// <summary>The smoothed and rotated weight.</summary>
    /// <exception cref="NumericException">It is not finite.</exception>
    public Tensor Smoothed()
    {
        Tensor weight = Source();
        (Tensor? scale, Tensor? rotation) = (Scale(), Rotation());
        if (scale is not null)
            weight.mul_(scale);
        if (rotation is not null)
            Rotate(weight, rotation);
        if (scale is not null || rotation is not null)
            FiniteTensor.Check("smoothed weight", weight);
        return weight;
    }

    /// <summary>Smoothed weight without the low-rank branch: what the 4-bit main branch stands for.</summary>
    /// <exception cref="NumericException">The smoothed weight is not finite.</exception>
    public Tensor Residual()
    {
        Tensor weight = Smoothed();
        if (Factors() is var (up, down))
            weight.addmm_(up, down, beta: 1, alpha: -1);
        return weight;
    }

    /// <summary>A rounded weight as its values.</summary>
    public Tensor Decoded(PackedWeight packed)
    {
        Tensor weight = empty([packed.Rows, packed.Columns], dtype: ScalarType.Float32, device: space.Device);
        Mxfp4Weights.Decode(packed.Codes, packed.Scales, tables, weight);
        return weight;
    }

    /// <summary>B and A of the low-rank branch; null for none.</summary>
    public (Tensor Up, Tensor Down)? Factors() => DeviceBranch.Of(data.Branch, space);

    /// <summary>The transform of a block of channels, [32, 32]; null for none.</summary>
    public Tensor? Rotation() => data.Rotation == QuantBuild.Formats.Rotation.Hadamard32 ? Hadamard32() : null;

    /// <summary>The transform of a block of channels, [32, 32].</summary>
    public Tensor Hadamard32() => space.Of(Hadamard.Matrix(), Hadamard.Block, Hadamard.Block);

    /// <summary>Rotates rows of a weight in place.</summary>
    /// <param name="weight">[rows, in] float32.</param>
    /// <param name="rotation">The transform of a block of channels.</param>
    public static void Rotate(Tensor weight, Tensor rotation)
    {
        foreach ((long first, long count) in RowChunks.Of(weight.shape[0], weight.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor rows = weight.narrow(0, first, count);
            rows.copy_(rows.reshape(-1, Hadamard.Block).mm(rotation).Scale(Hadamard.WeightFactor).view(rows.shape));
        }
    }

    /// <summary>The smoothing vector, [in]; null for none.</summary>
    public Tensor? Scale() => data.Scale.Length == 0 ? null : space.Of(data.Scale, data.Scale.Length);
}
