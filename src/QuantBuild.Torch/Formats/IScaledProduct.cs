using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>The product of folded rows.</summary>
internal interface IScaledProduct
{
    /// <summary>Whether scales of rows are part of the product, whose result is then bfloat16; else it is float32.</summary>
    bool IsByRow { get; }

    /// <summary>x w^T with the scales of both.</summary>
    /// <param name="x">Folded tokens.</param>
    /// <param name="w">Folded weight; rows and columns are multiples of 16.</param>
    /// <returns>[tokens, out], bfloat16 or float32.</returns>
    Tensor Multiply(Fp8Fold.Rows x, Fp8Fold.Rows w);
}
