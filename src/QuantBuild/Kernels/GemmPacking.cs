using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>
/// Copies a block of a matrix into panels: panel p holds <c>width</c> neighbouring lanes, interleaved step by step, so that a kernel
/// reads memory in the order it computes.  Rows of A are the lanes of A's panels, columns of B those of B's.
/// </summary>
internal static unsafe class GemmPacking
{
    // A cache line of depth at a time: the lines of a group of rows are used up before rows a power of two apart evict them.
    private const int LineDepth = 16;

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
            else if ((Sse.IsSupported || AdvSimd.Arm64.IsSupported) && panel.ColumnStride == 1)
                PackTransposed(panel, count, depth, width, negate, target);
            else
                PackAny(panel, 0, count, 0, depth, width, negate, target);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTransposed(Strided panel, int count, int depth, int width, bool negate, float* target)
    {
        Vector128<float> sign = Vector128.Create(negate ? -0f : 0f);
        nint stride = panel.RowStride;
        int vectors = count & ~3;
        int whole = depth & ~3;
        for (int line = 0; line < whole; line += LineDepth)
        {
            int end = Math.Min(line + LineDepth, whole);
            for (int lane = 0; lane < vectors; lane += 4)
            {
                float* source = panel.At(lane, line);
                float* to = target + ((nint)line * width) + lane;
                for (int k = line; k < end; k += 4, source += 4, to += 4 * width)
                {
                    Vector128<float> r0 = Vector128.Load(source) ^ sign;
                    Vector128<float> r1 = Vector128.Load(source + stride) ^ sign;
                    Vector128<float> r2 = Vector128.Load(source + (2 * stride)) ^ sign;
                    Vector128<float> r3 = Vector128.Load(source + (3 * stride)) ^ sign;
                    Transpose(ref r0, ref r1, ref r2, ref r3);
                    r0.Store(to);
                    r1.Store(to + width);
                    r2.Store(to + (2 * width));
                    r3.Store(to + (3 * width));
                }
            }
        }
        PackAny(panel, vectors, count, 0, whole, width, negate, target);
        PackAny(panel, 0, count, whole, depth, width, negate, target);
    }

    private static void PackAny(Strided panel, int firstLane, int endLane, int firstStep, int endStep, int width, bool negate, float* target)
    {
        for (int k = firstStep; k < endStep; k++)
        {
            float* to = target + ((nint)k * width);
            for (int lane = firstLane; lane < endLane; lane++)
                to[lane] = negate ? -*panel.At(lane, k) : *panel.At(lane, k);
        }
    }

    /// <summary>Transposes a 4 x 4 block held in four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<float> r0, ref Vector128<float> r1, ref Vector128<float> r2, ref Vector128<float> r3)
    {
        if (Sse.IsSupported)
        {
            Vector128<float> low01 = Sse.UnpackLow(r0, r1), high01 = Sse.UnpackHigh(r0, r1);
            Vector128<float> low23 = Sse.UnpackLow(r2, r3), high23 = Sse.UnpackHigh(r2, r3);
            r0 = Sse.MoveLowToHigh(low01, low23);
            r1 = Sse.MoveHighToLow(low23, low01);
            r2 = Sse.MoveLowToHigh(high01, high23);
            r3 = Sse.MoveHighToLow(high23, high01);
        }
        else
        {
            Vector128<float> low02 = AdvSimd.Arm64.ZipLow(r0, r2), high02 = AdvSimd.Arm64.ZipHigh(r0, r2);
            Vector128<float> low13 = AdvSimd.Arm64.ZipLow(r1, r3), high13 = AdvSimd.Arm64.ZipHigh(r1, r3);
            r0 = AdvSimd.Arm64.ZipLow(low02, low13);
            r1 = AdvSimd.Arm64.ZipHigh(low02, low13);
            r2 = AdvSimd.Arm64.ZipLow(high02, high13);
            r3 = AdvSimd.Arm64.ZipHigh(high02, high13);
        }
    }
}
