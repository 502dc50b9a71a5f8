using System.Runtime.InteropServices;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.LowRank;

/// <summary>Factors of a low-rank branch before they are rounded.</summary>
/// <param name="Up">B, [out, rank].</param>
/// <param name="Down">A, [rank, in].</param>
internal sealed record DeviceFactors(Tensor Up, Tensor Down)
{
    /// <summary>Passes over the weight; 0 where it was decomposed as it is.</summary>
    public int Passes { get; init; }

    /// <summary>A bound on the energy that is left beyond the least possible, as a part of it.</summary>
    public double Excess { get; init; }

    /// <summary>The branch, in bfloat16: once to float32, then on, as the processor's factors are rounded.</summary>
    public LowRankBranch ToBranch() =>
        LowRankBranch.FromBits((int)Up.shape[0], (int)Down.shape[1], Bits(Up), Bits(Down)) with { Passes = Passes, Excess = Excess };

    /// <summary>1 or -1 for every column: what makes its largest component positive.</summary>
    /// <param name="vectors">[rows, columns] float64.</param>
    public static Tensor SignsOf(Tensor vectors)
    {
        Tensor largest = vectors.gather(0, vectors.abs().argmax(0, keepdim: true)).view(-1);
        return ((largest >= HeldScalars.Zero).to(ScalarType.Float64) * HeldScalars.Two) - HeldScalars.One;
    }

    private static ushort[] Bits(Tensor factor)
    {
        using Tensor floats = factor.to(ScalarType.Float32), halves = floats.to(ScalarType.BFloat16);
        var bits = new ushort[halves.numel()];
        TensorSpace.CopyToHost(halves, MemoryMarshal.AsBytes(bits.AsSpan()));
        return bits;
    }
}
