using QuantBuild.Compiler.Quantizers;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.LowRank;

/// <summary>A stored branch on the device.</summary>
internal static class DeviceBranch
{
    /// <summary>B, [out, rank], and A, [rank, in], in float32; null for none.</summary>
    public static (Tensor Up, Tensor Down)? Of(LowRankBranch? branch, TensorSpace space) => branch is { Rank: > 0 }
        ? (space.Of(branch.Up, branch.Rows, branch.Rank), space.Of(branch.Down, branch.Rank, branch.Columns))
        : null;

    /// <summary><c>P = W - B A</c> in the rows that <see cref="WeightRows"/> chooses, [rows, in].</summary>
    /// <param name="weight">W, [out, in] float32.</param>
    /// <param name="branch">B A.</param>
    /// <param name="space">The device.</param>
    public static Tensor SomeRows(Tensor weight, LowRankBranch branch, TensorSpace space)
    {
        long outputs = weight.shape[0], count = Math.Min(WeightRows.Most, outputs);
        Tensor chosen = tensor([.. Enumerable.Range(0, (int)count).Select(i => i * outputs / count)], device: space.Device);
        Tensor rows = weight.index_select(0, chosen);
        return Of(branch, space) is var (up, down) ? rows.addmm_(up.index_select(0, chosen), down, beta: 1, alpha: -1) : rows;
    }
}
