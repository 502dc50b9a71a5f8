using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>
/// Rows of activations, every channel divided by its scale, then rotated. Vectors go along channels, so their width shows in no result.
/// </summary>
/// <param name="x">The activations.</param>
/// <param name="scale">A scale per channel; null for none, which copies.</param>
/// <param name="target">Receives the quotients, rows contiguous.</param>
/// <param name="columns">Channels.</param>
/// <param name="rotation">Follows the division, block by block while the row is at hand.</param>
internal readonly unsafe struct SmoothRows(Strided x, float* scale, Strided target, int columns, Rotation rotation) : IRowWork
{
    /// <inheritdoc/>
    public void Run(int from, int to)
    {
        for (int row = from; row < to; row++)
        {
            float* source = x.At(row, 0), quotients = target.At(row, 0);
            if (x.ColumnStride != 1)
            {
                for (int column = 0; column < columns; column++)
                    quotients[column] = source[column * x.ColumnStride];
                source = quotients;
            }
            if (scale is not null)
                Divide(source, scale, quotients, columns);
            else if (source != quotients)
                Unsafe.CopyBlockUnaligned(quotients, source, (uint)(columns * sizeof(float)));
            if (rotation == Rotation.Hadamard32)
                Hadamard.Apply(quotients, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(float* x, float* scale, float* y, int count)
    {
        int i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            (Vector512.Load(x + i) / Vector512.Load(scale + i)).Store(y + i);
        for (; i < count; i++)
            y[i] = x[i] / scale[i];
    }
}
