using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Softmax attention over all keys, head by head.</summary>
/// <remarks>
/// For every head, with d channels: s = q k^T and o = p v by <see cref="Gemm"/>, p = e^((s - max s) / sqrt d) unnormalized, and
/// finally o times 1 / sum p, the sum as in <see cref="Lanes"/>.  Whole rows of scores are kept, a block of queries at a time, so
/// that nothing depends on the size of the block.
/// </remarks>
internal static unsafe class Attention
{
    // Scores of one block of queries: small enough for a second-level cache, with enough rows to feed the matrix product.
    private const int ScoresPerBlock = 1 << 18;
    private const int FewestQueries = 64;
    private const int MostQueries = 512;

    /// <summary>Computes attention.</summary>
    /// <param name="q">Queries, [n, heads * d]: the heads' channels one after the other.</param>
    /// <param name="k">Keys, [m, heads * d].</param>
    /// <param name="v">Values, [m, heads * d].</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="output">Result, [n, heads * d]; must not overlap the inputs.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of queries of a head.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or neighbours in a row are not adjacent.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Apply(ReadOnlyMatrixView q, ReadOnlyMatrixView k, ReadOnlyMatrixView v, int heads, MatrixView output,
        int threads = 1,
        CancellationToken ct = default)
    {
        Check(q, k, v, heads, output, threads);
        int block = Math.Clamp(ScoresPerBlock / k.Rows, FewestQueries, MostQueries);
        int blocks = ((q.Rows - 1) / block) + 1;
        fixed (float* queries = q.Data, keys = k.Data, values = v.Data, result = output.Data)
        {
            var work = new Work(
                new Operand(queries, q), new Operand(keys, k), new Operand(values, v), new Operand(result, output), q.Columns / heads,
                    block);
            if (threads == 1 || heads * blocks == 1)
            {
                for (int task = 0; task < heads * blocks; task++)
                {
                    ct.ThrowIfCancellationRequested();
                    work.Run(task % heads, task / heads);
                }
            }
            else
            {
                RunParallel(work, heads, blocks, threads, ct);
            }
        }
    }

    private static void RunParallel(Work work, int heads, int blocks, int threads, CancellationToken ct) =>
        Workers.For(heads * blocks, threads, task => work.Run(task % heads, task / heads), ct);

    private static void Check(ReadOnlyMatrixView q, ReadOnlyMatrixView k, ReadOnlyMatrixView v, int heads, ReadOnlyMatrixView output,
        int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        q.RequireDenseRows();
        k.RequireDenseRows();
        v.RequireDenseRows();
        output.RequireDenseRows();
        if (q.Rows < 1 || k.Rows < 1 || q.Columns % heads != 0 || k.Columns != q.Columns)
            throw new ArgumentException($"{q.Rows}x{q.Columns} queries cannot look at {k.Rows}x{k.Columns} keys with {heads} heads");
        if (v.Rows != k.Rows || v.Columns != k.Columns || output.Rows != q.Rows || output.Columns != q.Columns)
            throw new ArgumentException($"{v.Rows}x{v.Columns} values for {k.Rows}x{k.Columns} keys into {output.Rows}x{output.Columns}");
    }

    /// <summary>A pinned matrix, dense along rows, that a parallel loop may capture.</summary>
    private readonly struct Operand(float* data, ReadOnlyMatrixView view)
    {
        private readonly int _length = view.Data.Length;
        private readonly int _stride = view.RowStride;

        public int Rows { get; } = view.Rows;

        public MatrixView Slice(int row, int column, int rows, int columns)
        {
            int start = (row * _stride) + column;
            return new MatrixView(new Span<float>(data + start, _length - start), rows, columns, _stride, 1);
        }
    }

    private readonly struct Work(Operand q, Operand k, Operand v, Operand output, int headDim, int block)
    {
        public void Run(int head, int index)
        {
            int first = index * block;
            int count = Math.Min(block, q.Rows - first);
            int keys = k.Rows;
            float[] scratch = ArrayPool<float>.Shared.Rent((count * keys) + count);
            Span<float> sums = scratch.AsSpan(count * keys, count);
            var scores = new MatrixView(scratch, count, keys);
            int column = head * headDim;

            Gemm.Multiply(q.Slice(first, column, count, headDim), ((ReadOnlyMatrixView)k.Slice(0, column, keys, headDim)).Transposed,
                scores);
            float scale = 1 / MathF.Sqrt(headDim);
            for (int row = 0; row < count; row++)
                sums[row] = Exponentials(scratch.AsSpan(row * keys, keys), scale);
            MatrixView result = output.Slice(first, column, count, headDim);
            Gemm.Multiply(scores, v.Slice(0, column, keys, headDim), result);
            for (int row = 0; row < count; row++)
                Scale(result.Data.Slice(row * result.RowStride, headDim), 1 / sums[row]);
            ArrayPool<float>.Shared.Return(scratch);
        }
    }

    /// <summary>Replaces a row of scores by e^((s - max) scale) and returns their sum.</summary>
    internal static float Exponentials(Span<float> row, float scale)
    {
        SubtractMax(row, scale);
        DeterministicMath.Exp(row, row);
        return Lanes.Sum(row);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SubtractMax(Span<float> row, float scale)
    {
        int whole = row.Length & ~(Lanes.Count - 1);
        fixed (float* s = row)
        {
            Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
            for (int i = 0; i < whole; i += Lanes.Count)
                largest = Vector512.Max(largest, Vector512.Load(s + i));
            if (whole < row.Length)
                largest = Vector512.Max(largest, Lanes.LoadTail(row[whole..], float.NegativeInfinity));
            float max = Lanes.Max(largest);
            for (int i = 0; i < whole; i += Lanes.Count)
                ((Vector512.Load(s + i) - Vector512.Create(max)) * scale).Store(s + i);
            for (int i = whole; i < row.Length; i++)
                s[i] = (s[i] - max) * scale;
        }
    }

    private static void Scale(Span<float> row, float factor)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] *= factor;
    }
}
