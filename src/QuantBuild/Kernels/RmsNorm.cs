using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Root-mean-square normalization of rows.</summary>
/// <remarks>y = (x r) gain with r = 1 / sqrt(sum(x²) / n + epsilon), the sum as in <see cref="Lanes"/> by fused multiply-adds.</remarks>
internal static unsafe class RmsNorm
{
    /// <summary>Normalizes every row of x into y.</summary>
    /// <param name="x">Input, dense along rows.</param>
    /// <param name="gain">Factor per channel.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="y">Output of the same shape, dense along rows; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes differ, or neighbours in a row are not adjacent.</exception>
    public static void Apply(ReadOnlyMatrixView x, ReadOnlySpan<float> gain, float epsilon, MatrixView y, int threads = 1)
    {
        x.RequireDenseRows();
        ((ReadOnlyMatrixView)y).RequireDenseRows();
        if (x.Rows != y.Rows || x.Columns != y.Columns || gain.Length != x.Columns)
            throw new ArgumentException($"{x.Rows}x{x.Columns} with {gain.Length} gains does not normalize into {y.Rows}x{y.Columns}");
        fixed (float* input = x.Data, output = y.Data, gains = gain)
            RowLoop.Run(x.Rows, x.Columns, threads, new Work(input, x.RowStride, x.Columns, gains, epsilon, output, y.RowStride));
    }

    private readonly struct Work(float* x, nint xStride, int columns, float* gain, float epsilon, float* y, nint yStride) : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
                Row(new ReadOnlySpan<float>(x + (row * xStride), columns), gain, epsilon, y + (row * yStride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Row(ReadOnlySpan<float> x, float* gain, float epsilon, float* y)
    {
        int whole = x.Length & ~(Lanes.Count - 1);
        fixed (float* input = x)
        {
            Vector512<float> squares = Vector512<float>.Zero;
            for (int i = 0; i < whole; i += Lanes.Count)
            {
                Vector512<float> value = Vector512.Load(input + i);
                squares = Vector512.FusedMultiplyAdd(value, value, squares);
            }
            if (whole < x.Length)
            {
                Vector512<float> value = Lanes.LoadTail(x[whole..], 0);
                squares = Vector512.FusedMultiplyAdd(value, value, squares);
            }
            float scale = 1 / MathF.Sqrt((Lanes.Sum(squares) / x.Length) + epsilon);

            Vector512<float> scales = Vector512.Create(scale);
            for (int i = 0; i < whole; i += Lanes.Count)
                (Vector512.Load(input + i) * scales * Vector512.Load(gain + i)).Store(y + i);
            for (int i = whole; i < x.Length; i++)
                y[i] = input[i] * scale * gain[i];
        }
    }
}
