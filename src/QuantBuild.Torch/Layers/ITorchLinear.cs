using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>A linear layer on the device, y = x W^T + bias, whatever its weight is stored as.</summary>
internal interface ITorchLinear : IDisposable
{
    /// <summary>Computes the layer for a batch of tokens.</summary>
    /// <param name="x">Input, [tokens, in], of any float type.</param>
    /// <param name="timestep">The integer timestep of the forward pass; a quantized layer takes its bin's settings by it.</param>
    /// <returns>[tokens, out], of the element type of products, in the current dispose scope.</returns>
    Tensor Apply(Tensor x, int timestep);
}
