using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>
/// A layer for one row in float32, whatever its weight is stored as: the embedding of time, which scales every channel of every block.
/// </summary>
/// <param name="weight">[out, in].</param>
/// <param name="bias">[out], float32.</param>
internal sealed class RowLinear(HeldTensor weight, HeldTensor bias) : ITorchLinear
{
    // Rows widened at once.
    private const int RowsAtOnce = 4096;

    /// <inheritdoc/>
    public Tensor Apply(Tensor x, int timestep)
    {
        Tensor w = weight.Use();
        var parts = new List<Tensor>();
        for (long first = 0; first < w.shape[0]; first += RowsAtOnce)
            parts.Add(Part(x, w, first, Math.Min(RowsAtOnce, w.shape[0] - first)));
        return cat(parts, 1).Plus(bias.Use());
    }

    private static Tensor Part(Tensor x, Tensor w, long first, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.linear(x, w.narrow(0, first, count).to(ScalarType.Float32)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
    }
}
