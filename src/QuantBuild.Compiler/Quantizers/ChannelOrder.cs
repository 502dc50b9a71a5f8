using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Input channels in another order: <c>order[i]</c> is the channel at place i.</summary>
internal static class ChannelOrder
{
    private const int RowsAtOnce = 32;

    /// <summary>Channels by falling diagonal; among equals the one that comes first in the weight.</summary>
    public static int[] ByFallingDiagonal(ReadOnlyMatrixView hessian)
    {
        var diagonal = new float[hessian.Rows];
        for (int k = 0; k < diagonal.Length; k++)
            diagonal[k] = hessian[k, k];
        // A stable sort.
        return [.. Enumerable.Range(0, diagonal.Length).OrderByDescending(k => diagonal[k])];
    }

    /// <summary>The order that undoes another.</summary>
    public static int[] Inverse(int[] order)
    {
        var inverse = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
            inverse[order[i]] = i;
        return inverse;
    }

    /// <summary>Puts rows and columns of a square matrix in an order, in place.</summary>
    /// <param name="matrix">[in, in], row-major.</param>
    /// <param name="order">The order.</param>
    /// <param name="threads">Threads to use; nothing is computed.</param>
    public static unsafe void Apply(MatrixView matrix, int[] order, int threads)
    {
        int n = matrix.Rows;
        fixed (float* data = matrix.Data)
        {
            var pinned = new PinnedMatrix(data, n, n, matrix.RowStride);
            Workers.ForRanges(n, RowsAtOnce, threads, () => new float[n], (copy, first, count) =>
            {
                for (int row = first; row < first + count; row++)
                {
                    Span<float> values = pinned.Row(row);
                    values.CopyTo(copy);
                    for (int i = 0; i < n; i++)
                        values[i] = copy[order[i]];
                }
            });
            MoveRows(pinned, order);
        }
    }

    /// <summary>Row <c>order[i]</c> goes to place i, cycle by cycle.</summary>
    private static void MoveRows(PinnedMatrix matrix, int[] order)
    {
        var done = new bool[order.Length];
        var first = new float[matrix.Columns];
        for (int start = 0; start < order.Length; start++)
        {
            if (done[start])
                continue;
            matrix.Row(start).CopyTo(first);
            int place = start;
            while (order[place] != start)
            {
                matrix.Row(order[place]).CopyTo(matrix.Row(place));
                done[place] = true;
                place = order[place];
            }
            first.CopyTo(matrix.Row(place));
            done[place] = true;
        }
    }
}
