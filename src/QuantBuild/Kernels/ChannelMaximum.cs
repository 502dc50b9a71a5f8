using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Largest magnitude of every channel.</summary>
/// <remarks>
/// Magnitudes are compared as integers, which orders floats like their values and puts infinities and NaNs above all finite ones: the
/// result is exact, independent of order, and shows bad values instead of losing them.
/// </remarks>
internal static class ChannelMaximum
{
    private const int Magnitude = 0x7FFFFFFF;

    /// <summary><c>maximum[c] = max(maximum[c], |x[i, c]|)</c> over all rows i.</summary>
    /// <param name="x">Row-major [rows, channels].</param>
    /// <param name="maximum">[channels], not negative.</param>
    public static void Accumulate(ReadOnlyMatrixView x, Span<float> maximum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.ColumnStride, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(maximum.Length, x.Columns);
        Span<int> result = MemoryMarshal.Cast<float, int>(maximum);
        ref int best = ref MemoryMarshal.GetReference(result);
        for (int row = 0; row < x.Rows; row++)
        {
            ref int values = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<float, int>(x.Data.Slice(row * x.RowStride, x.Columns)));
            nuint i = 0;
            for (; i + (nuint)Vector256<int>.Count <= (nuint)x.Columns; i += (nuint)Vector256<int>.Count)
            {
                Vector256<int> magnitude = Vector256.LoadUnsafe(ref values, i) & Vector256.Create(Magnitude);
                Vector256.Max(Vector256.LoadUnsafe(ref best, i), magnitude).StoreUnsafe(ref best, i);
            }
            for (; i < (nuint)x.Columns; i++)
            {
                int magnitude = System.Runtime.CompilerServices.Unsafe.Add(ref values, i) & Magnitude;
                ref int target = ref System.Runtime.CompilerServices.Unsafe.Add(ref best, i);
                target = Math.Max(target, magnitude);
            }
        }
    }
}
