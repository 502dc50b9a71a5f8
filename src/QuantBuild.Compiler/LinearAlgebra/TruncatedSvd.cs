using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>The best approximation of a matrix by a product of two thin ones, from its largest singular values.</summary>
/// <remarks>
/// Both ways are deterministic to the bit: sums run in fixed order in float64 or as chains of <see cref="Gemm"/>.  A rank above the
/// number of singular values is no error: the factors keep the shape asked for and end in zeros.
/// </remarks>
internal static unsafe partial class TruncatedSvd
{
    /// <summary>To all digits: one-sided Jacobi rotations in float64 over the rows or the columns, whichever are fewer.</summary>
    /// <remarks>Takes about ten sweeps of 4 max(m,n) min(m,n)^2 operations: milliseconds for 192x192, seconds for 1024x1024.</remarks>
    /// <param name="w">The matrix [m,n], any strides.</param>
    /// <param name="rank">The r of the factors.</param>
    /// <param name="ct">Ends the work between rotations.</param>
    /// <exception cref="ArgumentException"><paramref name="w"/> holds a NaN or an infinity.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is negative.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static LowRankFactors Exact(ReadOnlyMatrixView w, int rank, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        _ = SquaredNorm(w, threads: 1, ct);
        return Rotate(w, rank, ct);
    }

    private static LowRankFactors Rotate(ReadOnlyMatrixView w, int rank, CancellationToken ct)
    {
        bool tall = w.Rows >= w.Columns;
        ReadOnlyMatrixView vectors = tall ? w.Transposed : w;
        (int count, int length) = (vectors.Rows, vectors.Columns);
        var copy = new double[(long)count * length];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < length; j++)
                copy[((long)i * length) + j] = vectors[i, j];
        }
        (double[] values, TallMatrix along, TallMatrix across) = JacobiSvd.Decompose(copy, count, length, Math.Min(rank, count), ct);
        return tall ? Factors(along, across, values, rank) : Factors(across, along, values, rank);
    }

    /// <summary>Scales singular vectors by the roots of their values, fixes their signs, and rounds once to float32.</summary>
    private static LowRankFactors Factors(TallMatrix left, TallMatrix right, double[] values, int rank)
    {
        var up = new float[(long)left.Rows * rank];
        var down = new float[(long)rank * right.Rows];
        var singular = new float[rank];
        for (int k = 0; k < Math.Min(rank, values.Length); k++)
        {
            double largest = 0;
            for (int i = 0; i < left.Rows; i++)
                largest = Math.Abs(left[i, k]) > Math.Abs(largest) ? left[i, k] : largest;
            double root = largest < 0 ? -Math.Sqrt(values[k]) : Math.Sqrt(values[k]);
            for (int i = 0; i < left.Rows; i++)
                up[((long)i * rank) + k] = (float)(left[i, k] * root);
            for (int j = 0; j < right.Rows; j++)
                down[((long)k * right.Rows) + j] = (float)(right[j, k] * root);
            singular[k] = (float)values[k];
        }
        return new LowRankFactors(up, down, rank, singular, Passes: 0, Excess: 0);
    }

    /// <summary>The sum of squares in float64, row by row; refuses what is not finite.</summary>
    private static double SquaredNorm(ReadOnlyMatrixView w, int threads, CancellationToken ct)
    {
        (int rows, int columns) = (w.Rows, w.Columns);
        var sums = new double[rows];
        fixed (float* data = w.Data)
        {
            var matrix = new Strided(data, w.RowStride, w.ColumnStride);
            Workers.For(rows, threads, row =>
            {
                if (matrix.ColumnStride == 1)
                {
                    sums[row] = LaneMath.SquaredNorm(matrix.At(row, 0), columns);
                    return;
                }
                var gathered = new float[columns];
                for (int column = 0; column < columns; column++)
                    gathered[column] = *matrix.At(row, column);
                fixed (float* values = gathered)
                    sums[row] = LaneMath.SquaredNorm(values, columns);
            }, ct);
        }
        double norm = 0;
        foreach (double sum in sums)
            norm += sum;
        return double.IsFinite(norm) ? norm : throw new ArgumentException("the matrix holds a NaN or an infinity", nameof(w));
    }
}
