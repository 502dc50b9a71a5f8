using System.Buffers;
using System.Runtime.CompilerServices;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>
/// The loops around a kernel, on one thread: a block of B is packed to stay in the last-level cache, a block of A to stay in the
/// second level, and a panel of B is used up against every panel of A.
/// </summary>
internal static unsafe class GemmBlocking<TKernel>
    where TKernel : struct, IGemmKernel
{
    public static void Multiply(in GemmProblem problem)
    {
        int roomForA = problem.Sizes.RoomForA<TKernel>(problem), roomForB = problem.PanelStride > 0
            ? 0
            : problem.Sizes.RoomForB<TKernel>(problem);
        float[] room = ArrayPool<float>.Shared.Rent(roomForA + roomForB + GemmBlockSizes.CacheLine);
        fixed (float* start = room)
        {
            float* packedA = GemmBlockSizes.Align(start);
            Multiply(problem, problem.Sizes.DepthOf(problem.Depth), packedA, packedA + roomForA);
        }
        ArrayPool<float>.Shared.Return(room);
    }

    private static void Multiply(in GemmProblem problem, int depthBlock, float* packedA, float* packedB)
    {
        for (int column = 0; column < problem.Columns; column += problem.Sizes.Columns)
        {
            int columns = Math.Min(problem.Sizes.Columns, problem.Columns - column);
            for (int step = 0; step < problem.Depth; step += depthBlock)
            {
                int depth = Math.Min(depthBlock, problem.Depth - step);
                if (problem.PanelStride == 0)
                    GemmPacking.Pack(problem.B.From(step, column).Transposed, columns, depth, TKernel.Columns, negate: false, packedB);
                int end = problem.RowsAbove(column + columns);
                for (int row = 0; row < end; row += problem.Sizes.Rows)
                {
                    problem.Cancellation.ThrowIfCancellationRequested();
                    int rows = Math.Min(problem.Sizes.Rows, problem.Rows - row);
                    GemmProblem block = problem.Part(row, column, rows, columns);
                    GemmPacking.Pack(problem.A.From(row, step), rows, depth, TKernel.Rows, problem.Negate, packedA);
                    float* panels = problem.PanelStride == 0 ? packedB : block.B.At(step, 0);
                    MultiplyBlock(block, depth, packedA, panels, problem.Accumulate || step > 0);
                }
            }
        }
    }

    /// <summary>A block of C from a packed block of A and one of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyBlock(in GemmProblem block, int depth, float* packedA, float* packedB, bool accumulate)
    {
        bool given = block.PanelStride > 0;
        nint width = given ? PanelMatrixView.Width : TKernel.Columns;
        float* edge = stackalloc float[TKernel.Rows * TKernel.Columns];
        bool adjacent = block.C.ColumnStride == 1;
        for (int column = 0; column < block.Columns; column += TKernel.Columns)
        {
            int columns = Math.Min(TKernel.Columns, block.Columns - column);
            float* panelB = given
                ? packedB + (column / PanelMatrixView.Width * block.PanelStride) + (column % PanelMatrixView.Width)
                : packedB + ((nint)column * depth);
            int end = block.RowsAbove(column + columns);
            for (int row = 0; row < end; row += TKernel.Rows)
            {
                int rows = Math.Min(TKernel.Rows, block.Rows - row);
                float* panelA = packedA + ((nint)row * depth);
                Strided tile = block.C.From(row, column);
                if (adjacent && rows == TKernel.Rows && columns == TKernel.Columns)
                {
                    TKernel.Run(depth, panelA, panelB, width, tile.Data, tile.RowStride, accumulate);
                    continue;
                }
                if (accumulate)
                    Copy(tile, new Strided(edge, TKernel.Columns, 1), rows, columns);
                TKernel.Run(depth, panelA, panelB, width, edge, TKernel.Columns, accumulate);
                Copy(new Strided(edge, TKernel.Columns, 1), tile, rows, columns);
            }
        }
    }

    private static void Copy(Strided from, Strided to, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            if (from.ColumnStride == 1 && to.ColumnStride == 1)
            {
                new ReadOnlySpan<float>(from.At(row, 0), columns).CopyTo(new Span<float>(to.At(row, 0), columns));
                continue;
            }
            for (int column = 0; column < columns; column++)
                *to.At(row, column) = *from.At(row, column);
        }
    }
}
