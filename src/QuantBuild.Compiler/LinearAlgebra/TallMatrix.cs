using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// A float64 matrix with many rows and few columns, row-major: a basis of the range of a big float32 matrix.
/// </summary>
internal sealed unsafe class TallMatrix(int rows, int columns)
{
    // Rows that one thread takes at a time, and that make one partial sum of the Gram matrix.
    private const int RowBlock = 512;

    public int Rows => rows;

    public int Columns => columns;

    public double[] Data { get; } = new double[(long)rows * columns];

    public double this[int row, int column]
    {
        get => Data[((long)row * columns) + column];
        set => Data[((long)row * columns) + column] = value;
    }

    /// <summary>Converts float32 values, row-major.</summary>
    public static TallMatrix From(ReadOnlySpan<float> values, int rows, int columns)
    {
        var matrix = new TallMatrix(rows, columns);
        for (int i = 0; i < matrix.Data.Length; i++)
            matrix.Data[i] = values[i];
        return matrix;
    }

    /// <summary>Rounds to float32, row-major.</summary>
    public void Round(Span<float> values)
    {
        for (int i = 0; i < Data.Length; i++)
            values[i] = (float)Data[i];
    }

    /// <summary>The first columns, row-major.</summary>
    public double[] Kept(int count)
    {
        var kept = new double[(long)rows * count];
        for (int row = 0; row < rows; row++)
            Data.AsSpan(row * columns, count).CopyTo(kept.AsSpan(row * count));
        return kept;
    }

    /// <summary>This [m,l] times a small B[l,c], row-major.</summary>
    public TallMatrix Times(double[] right, int rightColumns, int threads, CancellationToken ct = default)
    {
        var product = new TallMatrix(rows, rightColumns);
        Workers.For(Blocks, threads, block =>
        {
            fixed (double* a = Data, b = right, c = product.Data)
            {
                for (int row = block * RowBlock; row < Math.Min(rows, (block + 1) * RowBlock); row++)
                    MultiplyRow(a + ((nint)row * columns), b, c + ((nint)row * rightColumns), columns, rightColumns);
            }
        }, ct);
        return product;
    }

    /// <summary>A^T A, row-major [l,l], l a multiple of eight: sums over blocks of rows, added in the order of the blocks.</summary>
    public double[] Gram(int threads, CancellationToken ct = default)
    {
        int size = columns * columns;
        var partial = new double[Blocks * size];
        Workers.For(Blocks, threads, block =>
        {
            int first = block * RowBlock, count = Math.Min(RowBlock, rows - first);
            fixed (double* a = Data, g = partial)
                AccumulateGram(a + ((nint)first * columns), count, columns, g + ((nint)block * size));
        }, ct);
        var sum = new double[size];
        for (int block = 0; block < Blocks; block++)
        {
            for (int i = 0; i < size; i++)
                sum[i] += partial[(block * size) + i];
        }
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < i; j++)
                sum[(i * columns) + j] = sum[(j * columns) + i];
        }
        return sum;
    }

    private int Blocks => (rows + RowBlock - 1) / RowBlock;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRow(double* a, double* b, double* c, int depth, int width)
    {
        int column = 0;
        for (; column <= width - 16; column += 16)
        {
            Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
            double* right = b + column;
            for (int k = 0; k < depth; k++, right += width)
            {
                Vector256<double> value = Vector256.Create(a[k]);
                s0 += value * Vector256.Load(right);
                s1 += value * Vector256.Load(right + 4);
                s2 += value * Vector256.Load(right + 8);
                s3 += value * Vector256.Load(right + 12);
            }
            s0.Store(c + column);
            s1.Store(c + column + 4);
            s2.Store(c + column + 8);
            s3.Store(c + column + 12);
        }
        for (; column < width; column++)
        {
            double sum = 0;
            for (int k = 0; k < depth; k++)
                sum += a[k] * b[(k * width) + column];
            c[column] = sum;
        }
    }

    /// <summary>The upper triangle of A^T A, in tiles of 4 x 8 that stay in registers for all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AccumulateGram(double* a, int count, int columns, double* gram)
    {
        for (int i = 0; i < columns; i += 4)
        {
            for (int j = i / 8 * 8; j < columns; j += 8)
            {
                Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default;
                Vector256<double> s20 = default, s21 = default, s30 = default, s31 = default;
                double* row = a;
                for (int k = 0; k < count; k++, row += columns)
                {
                    Vector256<double> left = Vector256.Load(row + j), right = Vector256.Load(row + j + 4);
                    Vector256<double> value = Vector256.Create(row[i]);
                    s00 += value * left;
                    s01 += value * right;
                    value = Vector256.Create(row[i + 1]);
                    s10 += value * left;
                    s11 += value * right;
                    value = Vector256.Create(row[i + 2]);
                    s20 += value * left;
                    s21 += value * right;
                    value = Vector256.Create(row[i + 3]);
                    s30 += value * left;
                    s31 += value * right;
                }
                double* to = gram + (i * columns) + j;
                s00.Store(to);
                s01.Store(to + 4);
                s10.Store(to + columns);
                s11.Store(to + columns + 4);
                s20.Store(to + (2 * columns));
                s21.Store(to + (2 * columns) + 4);
                s30.Store(to + (3 * columns));
                s31.Store(to + (3 * columns) + 4);
            }
        }
    }
}
