using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Copies of a block of a matrix with rows and columns exchanged, in 4 x 4 pieces that stay in registers.</summary>
internal static unsafe class Transposition
{
    // A cache line of a row at a time: the lines of a group of rows are used up before rows a power of two apart evict them.
    private const int Line = 16;

    /// <summary>target[j, i] = source[i, j].</summary>
    /// <param name="source">The block to read; fast when its rows are contiguous.</param>
    /// <param name="target">Where to write; must not overlap the source. Fast when its rows are contiguous.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void Copy(ReadOnlyMatrixView source, MatrixView target)
    {
        if (source.Rows != target.Columns || source.Columns != target.Rows)
            throw new ArgumentException($"{source.Rows}x{source.Columns} does not transpose into {target.Rows}x{target.Columns}");
        fixed (float* from = source.Data, to = target.Data)
            Copy(new Strided(from, source.RowStride, source.ColumnStride), source.Rows, source.Columns,
                new Strided(to, target.RowStride, target.ColumnStride));
    }

    /// <summary>target[j, i] = source[i, j], or its negative.</summary>
    /// <param name="source">The block to read, any strides; fast when its rows are contiguous.</param>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="target">Where to write; must not overlap the source. Fast when its rows are contiguous.</param>
    /// <param name="negate">Whether to flip every sign, which rounds nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy(Strided source, int rows, int columns, Strided target, bool negate = false)
    {
        bool vectors = (Sse.IsSupported || AdvSimd.Arm64.IsSupported) && source.ColumnStride == 1 && target.ColumnStride == 1;
        int wholeRows = vectors ? rows & ~3 : 0, wholeColumns = vectors ? columns & ~3 : 0;
        Vector128<float> sign = Vector128.Create(negate ? -0f : 0f);
        nint stride = source.RowStride, width = target.RowStride;
        for (int line = 0; line < wholeColumns; line += Line)
        {
            int end = Math.Min(line + Line, wholeColumns);
            for (int row = 0; row < wholeRows; row += 4)
            {
                float* from = source.At(row, line);
                float* to = target.At(line, row);
                for (int column = line; column < end; column += 4, from += 4, to += 4 * width)
                {
                    Vector128<float> r0 = Vector128.Load(from) ^ sign;
                    Vector128<float> r1 = Vector128.Load(from + stride) ^ sign;
                    Vector128<float> r2 = Vector128.Load(from + (2 * stride)) ^ sign;
                    Vector128<float> r3 = Vector128.Load(from + (3 * stride)) ^ sign;
                    Transpose(ref r0, ref r1, ref r2, ref r3);
                    r0.Store(to);
                    r1.Store(to + width);
                    r2.Store(to + (2 * width));
                    r3.Store(to + (3 * width));
                }
            }
        }
        CopySingly(source, wholeRows, rows, 0, wholeColumns, target, negate);
        CopySingly(source, 0, rows, wholeColumns, columns, target, negate);
    }

    private static void CopySingly(Strided source, int firstRow, int endRow, int firstColumn, int endColumn, Strided target, bool negate)
    {
        for (int column = firstColumn; column < endColumn; column++)
        {
            for (int row = firstRow; row < endRow; row++)
                *target.At(column, row) = negate ? -*source.At(row, column) : *source.At(row, column);
        }
    }

    /// <summary>Transposes a 4 x 4 block held in four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<float> r0, ref Vector128<float> r1, ref Vector128<float> r2, ref Vector128<float> r3)
    {
        if (Sse.IsSupported)
        {
            Vector128<float> low01 = Sse.UnpackLow(r0, r1), high01 = Sse.UnpackHigh(r0, r1);
            Vector128<float> low23 = Sse.UnpackLow(r2, r3), high23 = Sse.UnpackHigh(r2, r3);
            r0 = Sse.MoveLowToHigh(low01, low23);
            r1 = Sse.MoveHighToLow(low23, low01);
            r2 = Sse.MoveLowToHigh(high01, high23);
            r3 = Sse.MoveHighToLow(high23, high01);
        }
        else
        {
            Vector128<float> low02 = AdvSimd.Arm64.ZipLow(r0, r2), high02 = AdvSimd.Arm64.ZipHigh(r0, r2);
            Vector128<float> low13 = AdvSimd.Arm64.ZipLow(r1, r3), high13 = AdvSimd.Arm64.ZipHigh(r1, r3);
            r0 = AdvSimd.Arm64.ZipLow(low02, low13);
            r1 = AdvSimd.Arm64.ZipHigh(low02, low13);
            r2 = AdvSimd.Arm64.ZipLow(high02, high13);
            r3 = AdvSimd.Arm64.ZipHigh(high02, high13);
        }
    }
}
