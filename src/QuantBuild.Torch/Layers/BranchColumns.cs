using QuantBuild.Models;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>
/// The low-rank branch and the bias as columns of a bfloat16 product: <c>[a_high a_low 1 1] [B B b_high b_low]^T</c>, where a float32 value
/// is the sum of two bfloat16 ones.
/// </summary>
internal sealed class BranchColumns : IDisposable
{
    private readonly QuantizedLayer _layer;
    private readonly TensorSpace _space;
    private readonly Tensor _ones;

    /// <summary>Makes what all inputs share.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="space">The device; its type is bfloat16.</param>
    public BranchColumns(QuantizedLayer layer, TensorSpace space)
    {
        (_layer, _space) = (layer, space);
        _ones = ones([1], dtype: space.Type, device: space.Device).DetachFromDisposeScope();
    }

    /// <summary>Columns in use; a product may have more.</summary>
    public int Count => (2 * _layer.Rank) + 2;

    /// <summary>Fills the columns of an input.</summary>
    /// <param name="projected">A (x / s), [tokens, rank] float32; null without a branch.</param>
    /// <param name="target">[tokens, at least <see cref="Count"/>].</param>
    public void FillInput(Tensor? projected, Tensor target)
    {
        int rank = _layer.Rank;
        if (projected is not null)
        {
            (Tensor high, Tensor low) = Split(projected);
            target.narrow(1, 0, rank).copy_(high);
            target.narrow(1, rank, rank).copy_(low);
        }
        target.narrow(1, 2L * rank, 2).copy_(_ones);
        target.narrow(1, Count, target.shape[1] - Count).zero_();
    }

    /// <summary>Fills the columns of the weight.</summary>
    /// <param name="target">[out, at least <see cref="Count"/>].</param>
    public void FillWeight(Tensor target)
    {
        int rank = _layer.Rank;
        target.zero_();
        if (rank > 0)
        {
            Tensor up = _space.Of(_layer.Up.Span, _layer.OutFeatures, rank);
            target.narrow(1, 0, rank).copy_(up);
            target.narrow(1, rank, rank).copy_(up);
        }
        if (!_layer.Bias.IsEmpty)
        {
            (Tensor high, Tensor low) = Split(_space.Of(_layer.Bias.Span, _layer.OutFeatures, 1));
            target.narrow(1, Count - 2, 1).copy_(high);
            target.narrow(1, Count - 1, 1).copy_(low);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ones.Dispose();

    /// <summary>A float32 tensor as the sum of two of lower precision, exact to 2^-16 of each value.</summary>
    private (Tensor High, Tensor Low) Split(Tensor x)
    {
        Tensor high = x.to(_space.Type);
        return (high, (x - high.to(ScalarType.Float32)).to(_space.Type));
    }
}
