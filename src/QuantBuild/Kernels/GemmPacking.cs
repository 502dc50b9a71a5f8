using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

/// <summary>
/// Copies a block of a matrix into panels: panel p holds <c>width</c> neighbouring lanes, interleaved step by step, so that a kernel
/// reads memory in the order it computes.  Rows of A are the lanes of A's panels, columns of B those of B's.
/// </summary>
internal static unsafe class GemmPacking
{
    /// <summary>Packs <paramref name="lanes"/> x <paramref name="depth"/> elements; the last panel is filled up with zeros.</summary>
    /// <param name="source">The block: a row per lane, a column per step of the depth.</param>
    /// <param name="lanes">Rows of the block.</param>
    /// <param name="depth">Columns of the block.</param>
    /// <param name="width">Lanes of a panel, even.</param>
    /// <param name="negate">Flips the sign of every element, which rounds nothing.</param>
    /// <param name="target">Room for the lanes rounded up to full panels, times the depth.</param>
    public static void Pack(Strided source, int lanes, int depth, int width, bool negate, float* target)
    {
        for (int lane = 0; lane < lanes; lane += width, target += (nint)width * depth)
        {
            int count = Math.Min(width, lanes - lane);
            Strided panel = source.From(lane, 0);
            if (count < width)
                new Span<float>(target, width * depth).Clear();
            if (Vector128.IsHardwareAccelerated && panel.RowStride == 1)
                PackAdjacentLanes(panel, count, depth, width, negate, target);
            else
                Transposition.Copy(panel, count, depth, new Strided(target, width, 1), negate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackAdjacentLanes(Strided panel, int count, int depth, int width, bool negate, float* target)
    {
        Vector128<float> sign = Vector128.Create(negate ? -0f : 0f);
        float* source = panel.Data;
        int vectors = count & ~3;
        for (int k = 0; k < depth; k++, source += panel.ColumnStride, target += width)
        {
            int lane = 0;
            for (; lane < vectors; lane += 4)
                (Vector128.Load(source + lane) ^ sign).Store(target + lane);
            for (; lane < count; lane++)
                target[lane] = negate ? -source[lane] : source[lane];
        }
    }
}
