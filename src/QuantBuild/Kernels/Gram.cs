namespace QuantBuild.Kernels;

/// <summary>X^T X of a tall matrix, computed once per symmetric pair.</summary>
public static unsafe class Gram
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
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void Accumulate(ReadOnlyMatrixView x, MatrixView h, int threads = 1) => Accumulate(Gemm.Fastest, x, h, threads);

    /// <summary>The same without the mirror image: below the diagonal H then holds anything, until <see cref="Mirror"/>.</summary>
    /// <inheritdoc cref="Accumulate(ReadOnlyMatrixView, MatrixView, int)"/>
    public static void AccumulateUpper(ReadOnlyMatrixView x, MatrixView h, int threads = 1) => AccumulateUpper(Gemm.Fastest, x, h, threads);

    /// <summary>Copies what lies above the diagonal to its mirror images below.</summary>
    /// <param name="h">A square matrix.</param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <exception cref="ArgumentException"><paramref name="h"/> is not square.</exception>
    public static void Mirror(MatrixView h, int threads = 1)
    {
        if (h.Rows != h.Columns)
            throw new ArgumentException($"a {h.Rows}x{h.Columns} matrix is not symmetric");
        fixed (float* data = h.Data)
            Symmetry.MirrorUpper(new Strided(data, h.RowStride, h.ColumnStride), h.Rows, threads);
    }

    internal static void Accumulate(GemmPath path, ReadOnlyMatrixView x, MatrixView h, int threads)
    {
        AccumulateUpper(path, x, h, threads);
        Mirror(h, threads);
    }

    private static void AccumulateUpper(GemmPath path, ReadOnlyMatrixView x, MatrixView h, int threads)
    {
        if (h.Rows != x.Columns || h.Columns != x.Columns)
            throw new ArgumentException($"the Gram matrix of {x.Rows}x{x.Columns} is not {h.Rows}x{h.Columns}");
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
                Accumulate = true,
                Diagonal = 0,
            }, threads);
        }
    }
}
