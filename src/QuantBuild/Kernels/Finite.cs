using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

/// <summary>Checks for NaN and infinity.</summary>
internal static class Finite
{
    private const uint Infinity = 0x7F80_0000;

    /// <summary>Whether no value is NaN or infinite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsFinite(ReadOnlySpan<float> values)
    {
        Vector512<uint> infinity = Vector512.Create(Infinity);
        int i = 0;
        for (; i <= values.Length - Lanes.Count; i += Lanes.Count)
        {
            if (Vector512.EqualsAny(Vector512.Create(values[i..]).AsUInt32() & infinity, infinity))
                return false;
        }
        for (; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return false;
        }
        return true;
    }
}
