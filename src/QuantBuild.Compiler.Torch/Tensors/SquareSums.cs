using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Tensors;

/// <summary>Sums in float64 over float32 matrices.</summary>
internal static class SquareSums
{
    /// <summary>The sum of squares of a matrix.</summary>
    public static double Of(Tensor a) => Dot(a, a);

    /// <summary>The sum of products of the elements of two matrices of one shape.</summary>
    public static double Dot(Tensor a, Tensor b)
    {
        double sum = 0;
        foreach ((long first, long count) in RowChunks.Of(a.shape[0], a.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor left = a.narrow(0, first, count).to(ScalarType.Float64);
            Tensor right = ReferenceEquals(a, b) ? left : b.narrow(0, first, count).to(ScalarType.Float64);
            sum += (left * right).sum().item<double>();
        }
        return sum;
    }
}
