using QuantBuild.Torch.Formats;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tests.Layers;

/// <summary>What a GPU's product with scales of rows gives, which no processor has: float32 sums, rounded to bfloat16.</summary>
internal sealed class RowProduct : IScaledProduct
{
    public bool IsByRow => true;

    public Tensor Multiply(Fp8Fold.Rows x, Fp8Fold.Rows w) => Fp8Fold.Unfold(x).mm(Fp8Fold.Unfold(w).t()).to(ScalarType.BFloat16);
}
