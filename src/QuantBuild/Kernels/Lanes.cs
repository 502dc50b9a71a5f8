using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

/// <summary>The sixteen lanes that every reduction over a row runs in.</summary>
/// <remarks>
/// The specification of a sum over a row: lane l, starting from 0, adds elements l, l + 16, l + 32, … in this order; then lane l and
/// lane l + 8 are added for l below 8, then l and l + 4 for l below 4, then l and l + 2, then the last two.  <see cref="Vector512{T}"/>
/// is used for its sixteen floats, not for its width: where the machine has narrower vectors, or none, the same sixteen lanes are
/// worked on piece by piece and every result keeps its bits.
/// </remarks>
internal static class Lanes
{
    public const int Count = 16;

    /// <summary>The first elements of a row's tail; lanes beyond it hold <paramref name="fill"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector512<float> LoadTail(ReadOnlySpan<float> tail, float fill)
    {
        Span<float> lanes = stackalloc float[Count];
        tail.CopyTo(lanes);
        lanes[tail.Length..].Fill(fill);
        return Vector512.Create<float>(lanes);
    }

    /// <summary>The sum of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static unsafe float Sum(ReadOnlySpan<float> row)
    {
        int whole = row.Length & ~(Count - 1);
        Vector512<float> sum = Vector512<float>.Zero;
        fixed (float* x = row)
        {
            for (int i = 0; i < whole; i += Count)
                sum += Vector512.Load(x + i);
        }
        if (whole < row.Length)
            sum += LoadTail(row[whole..], 0);
        return Sum(sum);
    }

    /// <summary>The tree that ends a sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>The largest of sixteen ordered numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> lanes)
    {
        Vector256<float> eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[2]), MathF.Max(four[1], four[3]));
    }
}
