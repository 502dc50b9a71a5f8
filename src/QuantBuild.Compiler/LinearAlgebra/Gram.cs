using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>X^T X of a tall matrix, computed once per symmetric pair.</summary>
internal static unsafe class Gram
{
    /// <summary>
    /// H[c,c] += X[n,c]^T X[n,c]; every element is the chain of <see cref="Gemm"/> over ascending rows, and H stays exactly symmetric.
    /// </summary>
    /// <remarks>
    /// Only tiles on and above the diagonal are computed, then mirrored.  Adding the rows in several calls gives the same bits as in
    /// one.
    /// </remarks>
    /// <param name="x">Rows to add, any strides.</param>
    /// <param name="h">A symmetric matrix; only its upper triangle is read.</param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <param name="ct">Ends the work between cache blocks; <paramref name="h"/> is then half made.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Accumulate(ReadOnlyMatrixView x, MatrixView h, int threads = 1, CancellationToken ct = default) =>
        Accumulate(Gemm.Fastest, x, h, threads, ct);

    /// <summary>The upper triangle of X^T X alone: below the diagonal H then holds anything, until <see cref="Mirror"/>.</summary>
    /// <param name="x">Rows, any strides.</param>
    /// <param name="h">Square, as large as a row of <paramref name="x"/>.</param>
    /// <param name="mode">
    /// What happens to the old content of <paramref name="h"/>. Over zeros, overwriting gives the bits that adding gives.
    /// </param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <param name="ct">Ends the work between cache blocks; <paramref name="h"/> is then half made.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void MakeUpper(ReadOnlyMatrixView x, MatrixView h, GemmMode mode, int threads = 1, CancellationToken ct = default) =>
        MakeUpper(Gemm.Fastest, x, h, mode, threads, ct);

    /// <summary>Copies what lies above the diagonal to its mirror images below.</summary>
    /// <param name="h">A square matrix.</param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="ArgumentException"><paramref name="h"/> is not square.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Mirror(MatrixView h, int threads = 1, CancellationToken ct = default)
    {
        if (h.Rows != h.Columns)
            throw new ArgumentException($"a {h.Rows}x{h.Columns} matrix is not symmetric");
        fixed (float* data = h.Data)
            Symmetry.MirrorUpper(new Strided(data, h.RowStride, h.ColumnStride), h.Rows, threads, ct);
    }

    internal static void Accumulate(GemmPath path, ReadOnlyMatrixView x, MatrixView h, int threads, CancellationToken ct = default)
    {
        MakeUpper(path, x, h, GemmMode.Add, threads, ct);
        Mirror(h, threads, ct);
    }

    private static void MakeUpper(GemmPath path, ReadOnlyMatrixView x, MatrixView h, GemmMode mode, int threads, CancellationToken ct)
    {
        if (h.Rows != x.Columns || h.Columns != x.Columns)
            throw new ArgumentException($"the Gram matrix of {x.Rows}x{x.Columns} is not {h.Rows}x{h.Columns}");
        if (x.Rows == 0 && mode == GemmMode.Overwrite)
            Gemm.Multiply(path, x.Transposed, x, h, mode, threads, ct);
        if (x.Columns == 0 || x.Rows == 0)
            return;
        fixed (float* dataX = x.Data, dataH = h.Data)
        {
            var rows = new Strided(dataX, x.RowStride, x.ColumnStride);
            var result = new Strided(dataH, h.RowStride, h.ColumnStride);
            Gemm.Run(path, new GemmProblem
            {
                Rows = x.Columns,
                Columns = x.Columns,
                Depth = x.Rows,
                A = rows.Transposed,
                B = rows,
                C = result,
                Accumulate = mode != GemmMode.Overwrite,
                Negate = mode == GemmMode.Subtract,
                Diagonal = 0,
                Cancellation = ct,
            }, threads);
        }
    }
}
