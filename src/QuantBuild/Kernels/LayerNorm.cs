using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Layer normalization of rows.</summary>
/// <remarks>
/// With the sums of <see cref="Lanes"/>: mean = sum(x) / n, variance = sum((x - mean)²) / n with each square added by a fused
/// multiply-add, r = 1 / sqrt(variance + epsilon), and y = fma((x - mean) r, gain, bias).
/// </remarks>
internal static unsafe class LayerNorm
{
    /// <summary>Normalizes every row of x into y, without gain and bias.</summary>
    /// <param name="x">Input, dense along rows.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="y">Output of the same shape, dense along rows; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes differ, or neighbours in a row are not adjacent.</exception>
    public static void Apply(ReadOnlyMatrixView x, float epsilon, MatrixView y, int threads = 1) =>
        Apply(x, [], [], epsilon, y, threads);

    /// <summary>Normalizes every row of x into y, then scales and shifts each channel.</summary>
    /// <param name="x">Input, dense along rows.</param>
    /// <param name="gain">Factor per channel.</param>
    /// <param name="bias">Offset per channel.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="y">Output of the same shape, dense along rows; may be x.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes differ, or neighbours in a row are not adjacent.</exception>
    public static void Apply(ReadOnlyMatrixView x, ReadOnlySpan<float> gain, ReadOnlySpan<float> bias, float epsilon, MatrixView y,
        int threads = 1)
    {
        x.RequireDenseRows();
        ((ReadOnlyMatrixView)y).RequireDenseRows();
        if (x.Rows != y.Rows || x.Columns != y.Columns)
            throw new ArgumentException($"the normalized {x.Rows}x{x.Columns} does not fit {y.Rows}x{y.Columns}");
        if (gain.Length != bias.Length || (gain.Length != x.Columns && !gain.IsEmpty))
            throw new ArgumentException($"{gain.Length} gains and {bias.Length} biases for {x.Columns} channels");
        fixed (float* input = x.Data, output = y.Data, gains = gain, biases = bias)
            RowLoop.Run(x.Rows, x.Columns, threads, new Work(input, x.RowStride, x.Columns, gains, biases, epsilon, output, y.RowStride));
    }

    private readonly struct Work(float* x, nint xStride, int columns, float* gain, float* bias, float epsilon, float* y, nint yStride)
        : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
                Row(new ReadOnlySpan<float>(x + (row * xStride), columns), gain, bias, epsilon,
                    new Span<float>(y + (row * yStride), columns));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Row(ReadOnlySpan<float> x, float* gain, float* bias, float epsilon, Span<float> y)
    {
        int whole = x.Length & ~(Lanes.Count - 1);
        fixed (float* input = x, output = y)
        {
            float mean = Lanes.Sum(x) / x.Length;
            Vector512<float> means = Vector512.Create(mean);
            Vector512<float> squares = Vector512<float>.Zero;
            for (int i = 0; i < whole; i += Lanes.Count)
            {
                Vector512<float> centered = Vector512.Load(input + i) - means;
                squares = Vector512.FusedMultiplyAdd(centered, centered, squares);
            }
            if (whole < x.Length)
            {
                Vector512<float> centered = Lanes.LoadTail(x[whole..], mean) - means;
                squares = Vector512.FusedMultiplyAdd(centered, centered, squares);
            }
            float scale = 1 / MathF.Sqrt((Lanes.Sum(squares) / x.Length) + epsilon);

            Vector512<float> scales = Vector512.Create(scale);
            for (int i = 0; i < whole; i += Lanes.Count)
            {
                Vector512<float> normal = (Vector512.Load(input + i) - means) * scales;
                if (gain != null)
                    normal = Vector512.FusedMultiplyAdd(normal, Vector512.Load(gain + i), Vector512.Load(bias + i));
                normal.Store(output + i);
            }
            for (int i = whole; i < x.Length; i++)
            {
                float normal = (input[i] - mean) * scale;
                output[i] = gain != null ? MathF.FusedMultiplyAdd(normal, gain[i], bias[i]) : normal;
            }
        }
    }
}
