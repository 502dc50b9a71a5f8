using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>Triangular factors of symmetric positive definite matrices, in place.</summary>
internal static unsafe class Cholesky
{
    // Below this size a block is factored or solved directly, in double precision; above, the work is float32 matrix products.
    // 32 would be a little faster, but loses agreement of GPTQ's codes with the golden values (below 99.9 % at 512 columns).
    private const int Leaf = 64;

    /// <summary>
    /// Diagonals from the main one downwards that a factorization may write to: a product's tile on the diagonal reaches below it.
    /// </summary>
    public const int Band = 64;

    /// <summary>
    /// Overwrites a symmetric H[n,n] with the upper triangular R that has H = R R^T, zeros below the diagonal.
    /// </summary>
    /// <remarks>
    /// This is the ordinary factorization run from the last index to the first, which puts the <em>upper</em> factor on the left.  With
    /// M = R diag(1 / r_kk), unit upper triangular, and D = diag(r_kk^2) it reads H = M D M^T: the form in which GPTQ's error feedback
    /// needs no inverse.  By recursive halving nearly all of the n^3 / 3 operations are matrix products; diagonal blocks are factored
    /// in float64.  The halving depends on n only, so the bits depend neither on the threads nor on the machine.
    /// </remarks>
    /// <param name="h">A symmetric matrix, of which only the upper triangle is read; fast when its rows are contiguous.</param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <param name="ct">Ends the factorization between blocks; <paramref name="h"/> is then undefined.</param>
    /// <returns>False when a pivot is not positive or not finite; <paramref name="h"/> is then undefined.</returns>
    /// <exception cref="ArgumentException"><paramref name="h"/> is not square.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static bool TryFactorReversed(MatrixView h, int threads = 1, CancellationToken ct = default) =>
        TryFactorReversed(Gemm.Fastest, h, threads, ct);

    /// <summary>
    /// The same, but keeps what lies <see cref="Band"/> or more below the diagonal; the band between holds anything. With the band saved,
    /// the lower triangle can bring the matrix back.
    /// </summary>
    /// <inheritdoc cref="TryFactorReversed(MatrixView, int, CancellationToken)"/>
    public static bool TryFactorAboveBand(MatrixView h, int threads = 1, CancellationToken ct = default) =>
        TryFactor(Gemm.Fastest, h, threads, ct);

    internal static bool TryFactorReversed(GemmPath path, MatrixView h, int threads, CancellationToken ct = default)
    {
        if (!TryFactor(path, h, threads, ct))
            return false;
        fixed (float* data = h.Data)
            Symmetry.ClearLower(new Strided(data, h.RowStride, h.ColumnStride), h.Rows, threads);
        return true;
    }

    internal static bool TryFactor(GemmPath path, MatrixView h, int threads, CancellationToken ct = default)
    {
        if (h.Rows != h.Columns)
            throw new ArgumentException($"a {h.Rows}x{h.Columns} matrix is not symmetric");
        if (h.Rows == 0)
            return true;
        fixed (float* data = h.Data)
        {
            var matrix = new Strided(data, h.RowStride, h.ColumnStride);
            return Factor(path, matrix, h.Rows, threads, ct);
        }
    }

    /// <summary>
    /// [H11 H12; . H22] = [R11 R12; 0 R22] [R11 R12; 0 R22]^T: R22 from H22, then R12 = H12 R22^-T, then R11 from H11 - R12 R12^T.
    /// </summary>
    private static bool Factor(GemmPath path, Strided h, int size, int threads, CancellationToken ct)
    {
        if (size <= Leaf)
            return FactorLeaf(h, size);
        int first = Split(size), second = size - first;
        Strided h12 = h.From(0, first), h22 = h.From(first, first);
        if (!Factor(path, h22, second, threads, ct))
            return false;
        TriangularSolve.Run(path, h12, first, h22, second, threads, ct);
        Gemm.Run(path, new GemmProblem
        {
            Rows = first,
            Columns = first,
            Depth = second,
            A = h12,
            B = h12.Transposed,
            C = h,
            Accumulate = true,
            Negate = true,
            Diagonal = 0,
            Cancellation = ct,
        }, threads);
        return Factor(path, h, first, threads, ct);
    }

    private static bool FactorLeaf(Strided h, int size)
    {
        for (int k = size - 1; k >= 0; k--)
        {
            double pivot = Math.Sqrt(Reduced(h, k, k, size));
            // The float is what later steps divide by: it is the one that has to be positive and finite.  NaN compares false.
            float root = (float)pivot;
            if (!(root > 0 && float.IsFinite(root)))
                return false;
            *h.At(k, k) = root;
            for (int i = 0; i < k; i++)
                *h.At(i, k) = (float)(Reduced(h, i, k, size) / root);
        }
        return true;
    }

    /// <summary>h[i,k] less the products of the rows i and k to the right of k; a product of two floats is exact in a double.</summary>
    private static double Reduced(Strided h, int i, int k, int size)
    {
        double sum = *h.At(i, k);
        for (int l = k + 1; l < size; l++)
            sum -= (double)*h.At(i, l) * *h.At(k, l);
        return sum;
    }

    /// <summary>Where to cut: near the middle, so that both parts are whole leaves but for the first.</summary>
    internal static int Split(int size) => size - ((size / 2 + Leaf - 1) / Leaf * Leaf);
}
