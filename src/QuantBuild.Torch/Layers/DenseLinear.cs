using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>A layer of full precision.</summary>
/// <param name="weight">[out, in].</param>
/// <param name="bias">[out], of the weight's type; null for none.</param>
internal sealed class DenseLinear(HeldTensor weight, HeldTensor? bias) : ITorchLinear
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor x, int timestep)
    {
        Tensor w = weight.Use();
        return nn.functional.linear(x.to(w.dtype), w, bias?.Use());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        weight.Dispose();
        bias?.Dispose();
    }
}
