using System.Runtime.CompilerServices;
using QuantBuild.Kernels;

namespace QuantBuild.Models;

/// <summary>One row, such as a bias, copied to all rows of a matrix.</summary>
internal readonly unsafe struct RepeatRow(float* row, Strided target, int columns) : IRowWork
{
    /// <inheritdoc/>
    public void Run(int from, int to)
    {
        for (int i = from; i < to; i++)
            Unsafe.CopyBlockUnaligned(target.At(i, 0), row, (uint)(columns * sizeof(float)));
    }
}
