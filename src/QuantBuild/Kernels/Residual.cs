using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Additions to the residual stream.</summary>
internal static unsafe class Residual
{
    /// <summary>x = x + delta.</summary>
    /// <param name="x">Residual stream, dense along rows.</param>
    /// <param name="delta">Output of a branch, of the same shape.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void Add(MatrixView x, ReadOnlyMatrixView delta, int threads = 1) => AddGated(x, delta, [], threads);

    /// <summary>x = fma(delta, gate, x).</summary>
    /// <param name="x">Residual stream, dense along rows.</param>
    /// <param name="delta">Output of a branch, of the same shape.</param>
    /// <param name="gate">Factor per channel.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void AddGated(MatrixView x, ReadOnlyMatrixView delta, ReadOnlySpan<float> gate, int threads = 1)
    {
        ((ReadOnlyMatrixView)x).RequireDenseRows();
        delta.RequireDenseRows();
        if (x.Rows != delta.Rows || x.Columns != delta.Columns || (gate.Length != x.Columns && !gate.IsEmpty))
            throw new ArgumentException($"{delta.Rows}x{delta.Columns} with {gate.Length} gates does not add to {x.Rows}x{x.Columns}");
        fixed (float* sum = x.Data, addend = delta.Data, gates = gate)
            RowLoop.Run(x.Rows, x.Columns, threads, new Work(sum, x.RowStride, addend, delta.RowStride, gates, x.Columns));
    }

    private readonly struct Work(float* x, nint xStride, float* delta, nint deltaStride, float* gate, int columns) : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                if (gate == null)
                    Row(x + (row * xStride), delta + (row * deltaStride), columns);
                else
                    GatedRow(x + (row * xStride), delta + (row * deltaStride), gate, columns);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Row(float* x, float* delta, int columns)
    {
        int whole = columns & ~(Lanes.Count - 1);
        for (int i = 0; i < whole; i += Lanes.Count)
            (Vector512.Load(x + i) + Vector512.Load(delta + i)).Store(x + i);
        for (int i = whole; i < columns; i++)
            x[i] += delta[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void GatedRow(float* x, float* delta, float* gate, int columns)
    {
        int whole = columns & ~(Lanes.Count - 1);
        for (int i = 0; i < whole; i += Lanes.Count)
            Vector512.FusedMultiplyAdd(Vector512.Load(delta + i), Vector512.Load(gate + i), Vector512.Load(x + i)).Store(x + i);
        for (int i = whole; i < columns; i++)
            x[i] = MathF.FusedMultiplyAdd(delta[i], gate[i], x[i]);
    }
}
