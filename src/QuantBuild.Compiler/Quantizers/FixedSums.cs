using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Sums over float32 data in double precision, in one order on every machine.</summary>
/// <remarks>
/// Eight lanes: lane l adds the terms with index l, l + 8, l + 16, … in ascending order, starting from 0; the result is
/// <c>((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))</c>.  The product of two float32 numbers is exact in double precision, so
/// only the additions round (and the second product of <see cref="WeightedSquares"/>).
/// </remarks>
internal static class FixedSums
{
    private const int Lanes = 8;

    /// <summary>A term of a sum, for four indices at once and for one.</summary>
    private interface ITerm
    {
        static abstract Vector256<double> Of(Vector256<double> a, Vector256<double> b);

        static abstract double Of(double a, double b);
    }

    /// <summary>Sum of squares.</summary>
    public static double SquaredNorm(ReadOnlySpan<float> values) => Sum<Product>(values, values);

    /// <summary>Inner product of two vectors of the same length.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => Sum<Product>(a, b);

    /// <summary>Sum of squared differences of two vectors of the same length; the differences are taken in double precision.</summary>
    public static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => Sum<SquaredDifference>(a, b);

    /// <summary>Sum of <c>(a a) weight</c>.</summary>
    public static double WeightedSquares(ReadOnlySpan<float> a, ReadOnlySpan<float> weights) => Sum<WeightedSquare>(a, weights);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum<TTerm>(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        where TTerm : struct, ITerm
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
                low += TTerm.Of(aLow, bLow);
                high += TTerm.Of(aHigh, bHigh);
            }
            low.CopyTo(lanes);
            high.CopyTo(lanes[4..]);
        }
        for (; i < a.Length; i++)
            lanes[i % Lanes] += TTerm.Of(a[i], b[i]);
        return Fold(lanes);
    }

    private static double Fold(ReadOnlySpan<double> s) => s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));

    private readonly struct Product : ITerm
    {
        public static Vector256<double> Of(Vector256<double> a, Vector256<double> b) => a * b;

        public static double Of(double a, double b) => a * b;
    }

    private readonly struct SquaredDifference : ITerm
    {
        public static Vector256<double> Of(Vector256<double> a, Vector256<double> b) => (a - b) * (a - b);

        public static double Of(double a, double b) => (a - b) * (a - b);
    }

    private readonly struct WeightedSquare : ITerm
    {
        public static Vector256<double> Of(Vector256<double> a, Vector256<double> b) => a * a * b;

        public static double Of(double a, double b) => a * a * b;
    }
}
