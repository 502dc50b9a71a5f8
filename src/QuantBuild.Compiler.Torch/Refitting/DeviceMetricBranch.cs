using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.LowRank;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary>
/// <see cref="MetricBranch"/> on the device: the branch of rank r that minimizes <c>tr((E - B A) U (E - B A)^T)</c>, by a subspace
/// iteration with float32 products and float64 bases.
/// </summary>
internal static class DeviceMetricBranch
{
    private const ulong Seed = 0x51424C53;

    /// <summary>Finds the branch.</summary>
    /// <param name="e">E, [out, in] float32.</param>
    /// <param name="metric">U, [in, in].</param>
    /// <param name="rank">r, above 0.</param>
    /// <param name="basis">Where to begin, [out, width] float64, orthonormal; null for random signs.</param>
    /// <param name="passes">Passes, at least 1.</param>
    /// <param name="space">The device.</param>
    /// <param name="ct">Ends the work between passes.</param>
    /// <returns>The branch, and the basis for the next fit.</returns>
    /// <exception cref="NumericException">A product overflows, or a factor in bfloat16.</exception>
    public static (LowRankBranch Branch, Tensor Basis) Fit(Tensor e, Tensor metric, int rank, Tensor? basis, int passes, TensorSpace space,
        CancellationToken ct)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor narrow = basis?.to(ScalarType.Float32) ?? Signs(e.shape[0], MetricBranch.WidthOf(rank), space);
        (Tensor next, Tensor r) = (narrow, narrow);
        for (int pass = 0; pass < passes; pass++)
        {
            ct.ThrowIfCancellationRequested();
            Tensor product = e.mm(metric.mm(e.t().mm(narrow)));
            if (!product.isfinite().all().item<bool>())
                throw new NumericException("product of the weight error", "the low-rank branch", float.PositiveInfinity);
            (next, r) = linalg.qr(product.to(ScalarType.Float64));
            narrow = next.to(ScalarType.Float32);
        }
        // E U E^T V = basis R, R = across S along^T: the left singular vectors are basis across.
        (Tensor across, _, _) = linalg.svd(r, fullMatrices: false);
        long kept = Math.Min(rank, across.shape[1]);
        return (Branch(e, next.mm(across.narrow(1, 0, kept)), rank - kept), next.MoveToOuterDisposeScope());
    }

    /// <summary>B = V and A = V^T E, lengths shared evenly, the largest component of every column of B positive.</summary>
    private static LowRankBranch Branch(Tensor e, Tensor vectors, long missing)
    {
        Tensor down = vectors.to(ScalarType.Float32).t().mm(e).to(ScalarType.Float64);
        Tensor root = down.Squared().sum([1L]).sqrt().sqrt() * DeviceFactors.SignsOf(vectors);
        Tensor inverse = where(root == HeldScalars.Zero, zeros_like(root), root.reciprocal());
        return new DeviceFactors(nn.functional.pad(vectors * root, [0, missing]),
            nn.functional.pad(down * inverse.unsqueeze(1), [0, 0, 0, missing])).ToBranch();
    }

    private static Tensor Signs(long rows, int width, TensorSpace space)
    {
        var signs = new float[rows * width];
        SignMatrix.Fill(signs, width, Seed);
        return space.Of(signs, rows, width);
    }
}
