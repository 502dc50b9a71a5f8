using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.LowRank;

/// <summary>The low-rank branch of eq. (6), on the device.</summary>
/// <remarks>
/// As <see cref="TruncatedSvd.Randomized"/>: block power iteration from random signs with float32 products and float64 bases, which ends
/// when a bound on the energy of any approximation (<see cref="SubspaceBound"/>) proves the accuracy.
/// </remarks>
internal static class SubspaceIteration
{
    /// <summary>Finds the branch.</summary>
    /// <param name="smoothed">The smoothed weight, [out, in] float32, finite.</param>
    /// <param name="recipe">Rank, method and accuracy.</param>
    /// <param name="seed">Seed of the random signs.</param>
    /// <param name="space">The device.</param>
    /// <param name="ct">Ends the work between passes.</param>
    /// <exception cref="NumericException">A product with the weight, or a factor in bfloat16, is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static LowRankBranch Of(Tensor smoothed, LowRankRecipe recipe, ulong seed, TensorSpace space, CancellationToken ct)
    {
        if (recipe.Rank == 0)
            return LowRankBranch.None((int)smoothed.shape[0], (int)smoothed.shape[1]);
        using DisposeScope scope = NewDisposeScope();
        return Factors(smoothed, recipe, seed, space, ct).ToBranch();
    }

    /// <summary>The same before it is rounded.</summary>
    /// <inheritdoc cref="Of"/>
    public static DeviceFactors Factors(Tensor smoothed, LowRankRecipe recipe, ulong seed, TensorSpace space, CancellationToken ct)
    {
        (int rows, int columns) = ((int)smoothed.shape[0], (int)smoothed.shape[1]);
        int width = TruncatedSvd.WidthOf(recipe.Rank);
        return recipe.Method == LowRankMethod.Exact || width >= Math.Min(rows, columns)
            ? Exact(smoothed, recipe.Rank)
            : Iterate(smoothed, recipe, width, seed, space, ct);
    }

    private static DeviceFactors Exact(Tensor w, int rank)
    {
        (Tensor left, Tensor values, Tensor right) = linalg.svd(w.to(ScalarType.Float64), fullMatrices: false);
        return Branch(left, values, right.t(), rank);
    }

    private static DeviceFactors Iterate(Tensor w, LowRankRecipe recipe, int width, ulong seed, TensorSpace space, CancellationToken ct)
    {
        int rank = recipe.Rank;
        double total = SquareSums.Of(w), energy = 0, rise = 0, beyond = 0, most = double.PositiveInfinity;
        (Tensor basis, _) = Orthonormal(w.mm(Signs(w.shape[1], width, seed, space)));
        (Tensor Basis, Tensor R)? last = null;
        for (int pass = 2; ; pass++)
        {
            ct.ThrowIfCancellationRequested();
            // An even pass has a basis of W's columns and makes one of its rows, W^T basis = next R; an odd one the other way round.
            bool even = pass % 2 == 0;
            (Tensor next, Tensor r) = Orthonormal((even ? w.t() : w).mm(basis.to(ScalarType.Float32)));
            // R = across S along^T.
            (Tensor across, Tensor values, Tensor along) = linalg.svd(r, fullMatrices: false);
            (double lastEnergy, double lastRise) = (energy, rise);
            energy = values.narrow(0, 0, rank).Squared().sum().item<double>();
            rise = pass > 2 ? energy - lastEnergy : 0;
            double square = Math.Pow(values[rank].item<double>(), 2);
            if (last is var (lastBasis, lastR) && TruncatedSvd.MayEnd(pass, energy, rise, lastRise, total, recipe.Accuracy))
            {
                most = Math.Min(most, SubspaceBound.Of(lastBasis, lastR, next, r, TruncatedSvd.MostBeyond(square, beyond), rank));
                double excess = TruncatedSvd.Excess(total, energy, most);
                if (excess <= recipe.Accuracy || pass == TruncatedSvd.MostPasses)
                {
                    Tensor ofNext = next.mm(across), ofBasis = basis.mm(along.t());
                    return (even ? Branch(ofBasis, values, ofNext, rank) : Branch(ofNext, values, ofBasis, rank)) with
                    {
                        Passes = pass, Excess = excess,
                    };
                }
            }
            last?.Basis.Dispose();
            (last, basis, beyond) = ((basis, r), next, square);
        }
    }

    private static Tensor Signs(long rows, int width, ulong seed, TensorSpace space)
    {
        var signs = new float[rows * width];
        SignMatrix.Fill(signs, width, seed);
        return space.Of(signs, rows, width);
    }

    /// <summary>An orthonormal basis of a product's columns and the triangle that goes with it, in float64.</summary>
    private static (Tensor Basis, Tensor R) Orthonormal(Tensor product)
    {
        using DisposeScope scope = NewDisposeScope();
        if (!product.isfinite().all().item<bool>())
            throw new NumericException("product of the smoothed weight", "the low-rank decomposition", float.PositiveInfinity);
        (Tensor basis, Tensor r) = linalg.qr(product.to(ScalarType.Float64));
        return (basis.MoveToOuterDisposeScope(), r.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Singular vectors times the roots of their values, the largest component of every left one positive. A rank above the
    /// number of singular values is filled up with zeros.
    /// </summary>
    private static DeviceFactors Branch(Tensor left, Tensor values, Tensor right, int rank)
    {
        long kept = Math.Min(rank, values.shape[0]);
        Tensor up = left.narrow(1, 0, kept), root = values.narrow(0, 0, kept).sqrt() * DeviceFactors.SignsOf(up);
        return new DeviceFactors(Filled(up * root), Filled(right.narrow(1, 0, kept) * root).t());

        Tensor Filled(Tensor vectors) => kept == rank ? vectors : nn.functional.pad(vectors, [0, rank - kept]);
    }
}
