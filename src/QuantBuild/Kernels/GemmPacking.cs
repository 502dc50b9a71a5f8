using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>
/// Copies a block of a matrix into panels: panel p holds <c>width</c> neighbouring lanes, interleaved step by step, so that a kernel
/// reads memory in the order it computes.  Rows of A are the lanes of A's panels, columns of B those of B's.
/// </summary>
internal static unsafe class GemmPacking
{
    // So many panels are written side by side: few enough for the ways of a cache set, which they all share.
    private const int PanelsAtOnce = 8;
    private const int CacheLine = 16;
    private const int RowsAhead = 8;

    /// <summary>Packs <paramref name="lanes"/> x <paramref name="depth"/> elements; the last panel is filled up with zeros.</summary>
    /// <param name="source">The block: a row per lane, a column per step of the depth.</param>
    /// <param name="lanes">Rows of the block.</param>
    /// <param name="depth">Columns of the block.</param>
    /// <param name="width">Lanes of a panel, even.</param>
    /// <param name="negate">Flips the sign of every element, which rounds nothing.</param>
    /// <param name="target">Room for the lanes rounded up to full panels, times the depth.</param>
    public static void Pack(Strided source, int lanes, int depth, int width, bool negate, float* target)
    {
        int whole = lanes / width * width;
        bool adjacent = Vector128.IsHardwareAccelerated && source.RowStride == 1;
        for (int lane = 0; adjacent && lane < whole; lane += PanelsAtOnce * width)
            PackAdjacentLanes(source.From(lane, 0), Math.Min(PanelsAtOnce * width, whole - lane), depth, width, negate,
                target + ((nint)lane * depth));
        for (int lane = adjacent ? whole : 0; lane < lanes; lane += width)
        {
            int count = Math.Min(width, lanes - lane);
            float* panel = target + ((nint)lane * depth);
            if (count < width)
                new Span<float>(panel, width * depth).Clear();
            Transposition.Copy(source.From(lane, 0), count, depth, new Strided(panel, width, 1), negate);
        }
    }

    /// <summary>Full panels side by side: what is contiguous in the source is read at once, a step of the depth for all of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackAdjacentLanes(Strided source, int lanes, int depth, int width, bool negate, float* target)
    {
        Vector128<float> sign = Vector128.Create(negate ? -0f : 0f);
        float* from = source.Data;
        nint stride = source.ColumnStride, panel = (nint)width * depth;
        for (int k = 0; k < depth; k++, from += stride, target += width)
        {
            // Rows are far apart, where no hardware looks ahead.
            if (Sse.IsSupported)
            {
                for (int lane = 0; lane < lanes; lane += CacheLine)
                    Sse.Prefetch0(from + (RowsAhead * stride) + lane);
            }
            float* to = target, end = from + lanes;
            for (float* at = from; at < end; at += width, to += panel)
            {
                int lane = 0;
                for (; lane <= width - 4; lane += 4)
                    (Vector128.Load(at + lane) ^ sign).Store(to + lane);
                for (; lane < width; lane++)
                    to[lane] = negate ? -at[lane] : at[lane];
            }
        }
    }
}
