using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.LowRank;

/// <summary>
/// How much energy a rank-r approximation can hold at most, from what one step of a subspace iteration saw: the bound of
/// <see cref="EnergyBound"/>, where its derivation is, with large products on the device and small matrices on the host.
/// </summary>
internal static class SubspaceBound
{
    /// <summary>A bound on the sum of the largest eigenvalues of A = M^T M.</summary>
    /// <param name="basis">V, [n, l] float64.</param>
    /// <param name="first">R with M V = Q R, [l, l].</param>
    /// <param name="image">A V = P R' R: the orthonormal P, [n, l].</param>
    /// <param name="second">R'.</param>
    /// <param name="beyond">No eigenvalue of A on the complement of V is larger.</param>
    /// <param name="rank">How many eigenvalues.</param>
    public static double Of(Tensor basis, Tensor first, Tensor image, Tensor second, double beyond, int rank)
    {
        using DisposeScope scope = NewDisposeScope();
        int size = (int)basis.shape[1];
        Tensor t = first.t().mm(first), s = image.mm(second.mm(first)) - basis.mm(t);
        double[] root = EnergyBound.Root([.. s.t().mm(s).to(CPU).contiguous().data<double>()], size);
        Tensor r = tensor(root, [size, size]), whole = zeros([2 * size, 2 * size], dtype: ScalarType.Float64);
        whole.narrow(0, 0, size).narrow(1, 0, size).copy_(t);
        whole.narrow(0, size, size).narrow(1, 0, size).copy_(r);
        whole.narrow(0, 0, size).narrow(1, size, size).copy_(r.t());
        whole.narrow(0, size, size).narrow(1, size, size).diagonal().Fill(beyond);
        return linalg.eigvalsh(whole).narrow(0, (2 * size) - rank, rank).sum().item<double>();
    }
}
