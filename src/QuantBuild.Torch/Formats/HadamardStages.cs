using QuantBuild.Kernels;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>Hadamard's transform of blocks of 32 by plain operations, in the order of additions that all kernels have.</summary>
/// <remarks>A product with the matrix is faster on a processor, and adds in an order of its own: <see cref="Hadamard"/>.</remarks>
internal static class HadamardStages
{
    /// <summary>Transforms blocks.</summary>
    /// <param name="u">[tokens, channels] float32; channels are a multiple of 32.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Apply(Tensor u)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor y = u.reshape(-1);
        for (int distance = 1; distance < Hadamard.Block; distance *= 2)
        {
            Tensor before = y;
            y = Stage(y, distance);
            before.Dispose();
        }
        return y.reshape(u.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Pairs (a, b) at a distance become (a + b, a - b).</summary>
    private static Tensor Stage(Tensor y, int distance)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pairs = y.view(-1, 2, distance), a = pairs.select(1, 0), b = pairs.select(1, 1);
        return stack([a.Plus(b), a - b], 1).view(-1).MoveToOuterDisposeScope();
    }
}
