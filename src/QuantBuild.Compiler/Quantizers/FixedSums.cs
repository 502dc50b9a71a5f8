using System.Runtime.Intrinsics;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Sums over float32 data in double precision, in one order on every machine.</summary>
/// <remarks>
/// Eight lanes: lane l adds the terms with index l, l + 8, l + 16, … in ascending order, starting from 0; the result is
/// <c>((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))</c>.  The product of two float32 numbers is exact in double precision, so
/// only the additions round.
/// </remarks>
internal static class FixedSums
{
    private const int Lanes = 8;

    /// <summary>Sum of squares.</summary>
    public static double SquaredNorm(ReadOnlySpan<float> values) => Dot(values, values);

    /// <summary>Inner product of two vectors of the same length.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        Span<double> lanes = stackalloc double[Lanes];
        lanes.Clear();
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
            for (; i <= a.Length - Lanes; i += Lanes)
            {
                (Vector256<double> aLow, Vector256<double> aHigh) = Vector256.Widen(Vector256.Create(a[i..]));
                (Vector256<double> bLow, Vector256<double> bHigh) = Vector256.Widen(Vector256.Create(b[i..]));
                low += aLow * bLow;
                high += aHigh * bHigh;
            }
            low.CopyTo(lanes);
            high.CopyTo(lanes[4..]);
        }
        for (; i < a.Length; i++)
            lanes[i % Lanes] += (double)a[i] * b[i];
        return Fold(lanes);
    }

    /// <summary>Sum of squared differences of two vectors of the same length; the differences are taken in double precision.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        Span<double> lanes = stackalloc double[Lanes];
        lanes.Clear();
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
            for (; i <= a.Length - Lanes; i += Lanes)
            {
                (Vector256<double> aLow, Vector256<double> aHigh) = Vector256.Widen(Vector256.Create(a[i..]));
                (Vector256<double> bLow, Vector256<double> bHigh) = Vector256.Widen(Vector256.Create(b[i..]));
                Vector256<double> dLow = aLow - bLow, dHigh = aHigh - bHigh;
                low += dLow * dLow;
                high += dHigh * dHigh;
            }
            low.CopyTo(lanes);
            high.CopyTo(lanes[4..]);
        }
        for (; i < a.Length; i++)
        {
            double difference = (double)a[i] - b[i];
            lanes[i % Lanes] += difference * difference;
        }
        return Fold(lanes);
    }

    private static double Fold(ReadOnlySpan<double> s) => s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
}
