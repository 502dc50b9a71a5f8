using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Dense float32 matrix product with one defined rounding per element.</summary>
/// <remarks>
/// The specification: every element is the chain <c>acc = fma(a[i,k], b[k,j], acc)</c> over ascending k, starting from 0
/// (<see cref="GemmMode.Overwrite"/>) or from the old c[i,j] (<see cref="GemmMode.Add"/>; Subtract uses -a[i,k]).  Blocking, vector
/// width and thread count never change a bit: a block boundary only stores and reloads the accumulator.  (Which NaN comes out, when
/// one does, is not specified.)
/// <para>The files: <see cref="Gemm"/> chooses a kernel, and a <see cref="GemmTeam{TKernel}"/> of threads or rectangles of C for them;
/// <see cref="GemmBlocking{TKernel}"/> loops over cache blocks, <see cref="GemmPacking"/> copies them into panels, an
/// <see cref="IGemmKernel"/> multiplies panels.</para>
/// </remarks>
internal static unsafe class Gemm
{
    // Below this many multiply-adds (about 15 microseconds) waking another thread costs more than it brings.
    private const long WorthAThread = 1 << 20;

    /// <summary>C[m,n] (op)= A[m,k] B[k,n]. Pass a transposed view for B stored [n,k], as linear layers have it.</summary>
    /// <param name="a">Left factor, any strides.</param>
    /// <param name="b">Right factor, any strides.</param>
    /// <param name="c">Result, any strides; must not share elements with the factors.</param>
    /// <param name="mode">What happens to the old content of <paramref name="c"/>.</param>
    /// <param name="threads">Upper bound on threads, the caller's included.</param>
    /// <param name="ct">Ends the product between cache blocks (some milliseconds of work); <paramref name="c"/> is then half made.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Multiply(ReadOnlyMatrixView a, ReadOnlyMatrixView b, MatrixView c, GemmMode mode = GemmMode.Overwrite,
        int threads = 1,
        CancellationToken ct = default) => Multiply(Fastest, a, b, c, mode, threads, ct);

    /// <summary>C[m,n] (op)= A[m,k] B[k,n] with B in panels, on the calling thread.</summary>
    /// <inheritdoc cref="Multiply(ReadOnlyMatrixView, ReadOnlyMatrixView, MatrixView, GemmMode, int, CancellationToken)"/>
    public static void MultiplyPanels(ReadOnlyMatrixView a, PanelMatrixView b, MatrixView c, GemmMode mode = GemmMode.Overwrite) =>
        MultiplyPanels(Fastest, a, b, c, mode);

    /// <summary>The fastest kernel this machine has.</summary>
    internal static GemmPath Fastest =>
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? GemmPath.Vector512
        : Vector256.IsHardwareAccelerated && Fma.IsSupported ? GemmPath.Vector256
        : GemmPath.Scalar;

    internal static void Multiply(GemmPath path, ReadOnlyMatrixView a, ReadOnlyMatrixView b, MatrixView c, GemmMode mode, int threads,
        CancellationToken ct = default)
    {
        if (!HasProducts(a, b.Rows, b.Columns, c, mode))
            return;

        fixed (float* dataA = a.Data, dataB = b.Data, dataC = c.Data)
        {
            Run(path, new GemmProblem
            {
                Rows = c.Rows,
                Columns = c.Columns,
                Depth = a.Columns,
                A = new Strided(dataA, a.RowStride, a.ColumnStride),
                B = new Strided(dataB, b.RowStride, b.ColumnStride),
                C = new Strided(dataC, c.RowStride, c.ColumnStride),
                Accumulate = mode != GemmMode.Overwrite,
                Negate = mode == GemmMode.Subtract,
                Cancellation = ct,
            }, threads);
        }
    }

    internal static void MultiplyPanels(GemmPath path, ReadOnlyMatrixView a, PanelMatrixView b, MatrixView c, GemmMode mode)
    {
        if (!HasProducts(a, b.Rows, b.Columns, c, mode))
            return;

        fixed (float* dataA = a.Data, dataB = b.Data, dataC = c.Data)
        {
            Choose(path, new GemmProblem
            {
                Rows = c.Rows,
                Columns = c.Columns,
                Depth = a.Columns,
                A = new Strided(dataA, a.RowStride, a.ColumnStride),
                B = new Strided(dataB, PanelMatrixView.Width, 1),
                PanelStride = b.PanelStride,
                C = new Strided(dataC, c.RowStride, c.ColumnStride),
                Accumulate = mode != GemmMode.Overwrite,
                Negate = mode == GemmMode.Subtract,
            }, threads: 1);
        }
    }

    /// <summary>Checks the shapes, and does what there is to do where nothing is multiplied.</summary>
    private static bool HasProducts(ReadOnlyMatrixView a, int rowsOfB, int columnsOfB, MatrixView c, GemmMode mode)
    {
        if (a.Columns != rowsOfB || a.Rows != c.Rows || columnsOfB != c.Columns)
            throw new ArgumentException($"cannot multiply {a.Rows}x{a.Columns} by {rowsOfB}x{columnsOfB} into {c.Rows}x{c.Columns}");
        if (a.Columns == 0 && mode == GemmMode.Overwrite)
            Clear(c);
        return c.Rows > 0 && c.Columns > 0 && a.Columns > 0;
    }

    internal static void Run(GemmPath path, GemmProblem problem, int threads)
    {
        // Kernels store rows; a column-major C is the row-major result of the transposed product.
        if (problem.C.ColumnStride != 1 && problem.C.RowStride == 1 && problem.Diagonal == GemmProblem.Full)
            problem = problem.Transposed;
        if (threads <= 1 || (long)problem.Rows * problem.Columns * problem.Depth < 2 * WorthAThread)
            threads = 1;
        Choose(path, problem, threads);
    }

    private static void Choose(GemmPath path, in GemmProblem problem, int threads)
    {
        if (path == GemmPath.Vector512)
            Run<GemmKernel512>(problem, threads);
        else if (path == GemmPath.Vector256)
            Run<GemmKernel256>(problem, threads);
        else
            Run<GemmKernelScalar>(problem, threads);
    }

    private static void Run<TKernel>(in GemmProblem problem, int threads)
        where TKernel : struct, IGemmKernel
    {
        if (threads == 1)
            GemmBlocking<TKernel>.Multiply(problem);
        else if (GemmTeam<TKernel>.Suits(problem, threads))
            GemmTeam<TKernel>.Multiply(problem, threads);
        else
            RunApart<TKernel>(problem, threads);
    }

    /// <summary>Deals out rectangles of C.</summary>
    private static void RunApart<TKernel>(GemmProblem problem, int threads)
        where TKernel : struct, IGemmKernel
    {
        (int rows, int columns) = ChunkSize(problem.Rows, problem.Columns, threads);
        int across = Divide(problem.Columns, columns);
        int count = Divide(problem.Rows, rows) * across;
        // From the last to the first: with a diagonal, the right-most rectangles hold the most work and must not come last.
        Workers.For(count, threads, index =>
        {
            int chunk = count - 1 - index;
            int row = chunk / across * rows, column = chunk % across * columns;
            GemmProblem part = problem.Part(row, column, Math.Min(rows, problem.Rows - row), Math.Min(columns, problem.Columns - column));
            GemmBlocking<TKernel>.Multiply(part);
        }, problem.Cancellation);
    }

    /// <summary>
    /// Rectangles of C, each a complete product of its own: no thread ever waits for another.  Packing is repeated per rectangle, so
    /// they are large, and at least a few per thread, so that the threads finish together.
    /// </summary>
    private static (int Rows, int Columns) ChunkSize(int rows, int columns, int threads)
    {
        const int Tile = 96;
        int chunkRows = rows, chunkColumns = columns;
        while ((long)Divide(rows, chunkRows) * Divide(columns, chunkColumns) < 2L * threads)
        {
            if (chunkColumns >= chunkRows && chunkColumns > Tile)
                chunkColumns = Math.Max(Tile, Divide(Divide(chunkColumns, 2), Tile) * Tile);
            else if (chunkRows > Tile)
                chunkRows = Math.Max(Tile, Divide(Divide(chunkRows, 2), Tile) * Tile);
            else
                break;
        }
        return (chunkRows, chunkColumns);
    }

    private static int Divide(int value, int by) => (value + by - 1) / by;

    private static void Clear(MatrixView c)
    {
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
                c[i, j] = 0;
        }
    }
}
