using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// <c>M D M^T - F^T F = M' D' M'^T</c> for M unit upper triangular, D diagonal and a few rows F, without the product and without a new
/// factorization: <c>4 r n²</c> operations instead of <c>n³ / 3</c>.
/// </summary>
/// <remarks>
/// The recurrence of Gill, Golub, Murray and Saunders (1974), method C1, for several rows at once. With <c>V = F^T</c> and
/// <c>C = -I</c>, from the last column to the first: p is row k of V; <c>d'_k = d_k + p C p^T</c>; <c>b = C p^T / d'_k</c>;
/// <c>C = C - d'_k b b^T</c>; and for every row j above k: <c>v_j = v_j - p M_jk</c>, <c>M'_jk = M_jk + v_j b</c>. C and D are double, V
/// and M float32; an inner product has eight lanes, lane l the terms l, l + 8, …, and the fold of <c>FixedSums</c>.
/// </remarks>
internal static unsafe class FactorDowndate
{
    private const int Lanes = 8;
    private const int ColumnsAtOnce = 64;
    private const int RowsAtOnce = 16;

    /// <summary>Computes M' and D'.</summary>
    /// <param name="matrix">M above the diagonal, [n, n], row-major; below it receives the transpose of M'.</param>
    /// <param name="pivots">D, [n].</param>
    /// <param name="rows">F, [r, n], row-major.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>D'; null when a pivot is not positive, so that the difference is not positive definite.</returns>
    public static double[]? TryRun(MatrixView matrix, double[] pivots, ReadOnlyMatrixView rows, int threads, CancellationToken ct)
    {
        int n = matrix.Rows, rank = rows.Rows, width = (rank + Lanes - 1) / Lanes * Lanes;
        float[] left = new float[(long)n * width], right = new float[(long)n * width];
        for (int i = 0; i < rank; i++)
        {
            for (int k = 0; k < n; k++)
                left[(k * width) + i] = rows[i, k];
        }
        var middle = new Middle(rank);
        var changed = new double[n];
        fixed (float* m = matrix.Data, v = left, b = right)
        {
            var work = new Work(new Strided(m, matrix.RowStride, matrix.ColumnStride), v, b, width);
            for (int end = n; end > 0; end = end > ColumnsAtOnce ? (end - 1) / ColumnsAtOnce * ColumnsAtOnce : 0)
            {
                ct.ThrowIfCancellationRequested();
                int first = (end - 1) / ColumnsAtOnce * ColumnsAtOnce;
                for (int k = end - 1; k >= first; k--)
                {
                    changed[k] = middle.Eliminate(pivots[k], left.AsSpan(k * width, rank), right.AsSpan(k * width, rank));
                    if (!(changed[k] > 0) || double.IsInfinity(changed[k]))
                        return null;
                    for (int row = first; row < k; row += RowsAtOnce)
                        work.Run(row, Math.Min(RowsAtOnce, k - row), k, 1);
                }
                int to = first, count = end - first;
                Workers.ForRanges(to, RowsAtOnce, threads, (row, length) => work.Run(row, length, to, count), ct);
            }
        }
        return changed;
    }

    /// <summary>C, and what it gives for a column.</summary>
    private sealed class Middle
    {
        private readonly int _rank;
        private readonly double[] _c;
        private readonly double[] _product;

        public Middle(int rank)
        {
            (_rank, _c, _product) = (rank, new double[rank * rank], new double[rank]);
            for (int i = 0; i < rank; i++)
                _c[i * (rank + 1)] = -1;
        }

        /// <summary>Takes p, gives b; returns d'.</summary>
        public double Eliminate(double pivot, ReadOnlySpan<float> p, Span<float> b)
        {
            double changed = pivot;
            for (int i = 0; i < _rank; i++)
            {
                double sum = 0;
                for (int j = 0; j < _rank; j++)
                    sum += _c[(i * _rank) + j] * p[j];
                _product[i] = sum;
                changed += sum * p[i];
            }
            for (int i = 0; i < _rank; i++)
            {
                double part = _product[i] / changed;
                b[i] = (float)part;
                for (int j = 0; j < _rank; j++)
                    _c[(i * _rank) + j] -= part * _product[j];
            }
            return changed;
        }
    }

    private readonly struct Work(Strided matrix, float* v, float* b, int width)
    {
        /// <summary>Columns [first, first + columns), the last first, of up to 16 rows.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int row, int rows, int first, int columns)
        {
            // The tile lies with its rows side by side, as the result will: a column of M is a row of what is written.
            float* tile = stackalloc float[ColumnsAtOnce * RowsAtOnce];
            Transposition.Copy(matrix.From(row, first), rows, columns, new Strided(tile, RowsAtOnce, 1));
            for (int column = columns - 1; column >= 0; column--)
            {
                float* p = v + ((nint)(first + column) * width), step = b + ((nint)(first + column) * width);
                float* values = tile + (column * RowsAtOnce), to = matrix.At(first + column, row), own = v + ((nint)row * width);
                for (int j = 0; j < rows; j++, own += width)
                {
                    Vector256<float> factor = Vector256.Create(-values[j]), sum = Vector256<float>.Zero;
                    for (int i = 0; i < width; i += Lanes)
                    {
                        Vector256<float> changed = Vector256.FusedMultiplyAdd(factor, Vector256.Load(p + i), Vector256.Load(own + i));
                        changed.Store(own + i);
                        sum = Vector256.FusedMultiplyAdd(changed, Vector256.Load(step + i), sum);
                    }
                    to[j] = values[j] + Fold(sum);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Fold(Vector256<float> lanes)
        {
            Vector128<float> four = lanes.GetLower() + lanes.GetUpper();
            Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
            return two.ToScalar() + two.GetElement(1);
        }
    }
}
