using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>What is stored on one side of the diagonal of a square matrix, put on the other.</summary>
internal static unsafe class Symmetry
{
    private const int Block = 64;

    /// <summary>Copies the elements above the diagonal to their mirror images below it.</summary>
    public static void MirrorUpper(Strided h, int size, int threads, CancellationToken ct = default) =>
        Workers.For(BlockCount(size), threads, index =>
    {
        int first = index * Block, count = Math.Min(Block, size - first);
        for (int row = 0; row < first; row += Block)
            Transposition.Copy(h.From(row, first), Block, count, h.From(first, row));
        for (int i = 1; i < count; i++)
        {
            for (int j = 0; j < i; j++)
                *h.At(first + i, first + j) = *h.At(first + j, first + i);
        }
    }, ct);

    /// <summary>Sets the elements below the diagonal to zero.</summary>
    public static void ClearLower(Strided h, int size, int threads) => Workers.For(BlockCount(size), threads, index =>
    {
        int end = Math.Min((index + 1) * Block, size);
        for (int i = index * Block; i < end; i++)
        {
            for (int j = 0; j < i; j++)
                *h.At(i, j) = 0;
        }
    });

    private static int BlockCount(int size) => (size + Block - 1) / Block;
}
