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

    internal static void Accumulate(GemmPath path, ReadOnlyMatrixView x, MatrixView h, int threads)
    {
        if (h.Rows != x.Columns || h.Columns != x.Columns)
            throw new ArgumentException($"the Gram matrix of {x.Rows}x{x.Columns} is not {h.Rows}x{h.Columns}");
        if (x.Columns == 0)
            return;
        fixed (float* dataX = x.Data, dataH = h.Data)
        {
            var rows = new Strided(dataX, x.RowStride, x.ColumnStride);
            var result = new Strided(dataH, h.RowStride, h.ColumnStride);
            if (x.Rows > 0)
            {
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
            Symmetry.MirrorUpper(result, x.Columns, threads);
        }
    }
}
