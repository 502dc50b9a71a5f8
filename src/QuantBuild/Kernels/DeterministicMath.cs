namespace QuantBuild.Kernels;

/// <summary>Elementary functions whose results have the same bits on every machine.</summary>
/// <remarks>
/// <see cref="Math"/> and <see cref="MathF"/> call the platform's C library, which differs between systems.  Here only operations that
/// IEEE 754 defines to the last bit are used: add, subtract, multiply, divide, fused multiply-add, comparisons and rounding to an
/// integer.  Polynomials are truncated Taylor series, long enough that the remainder is far below the rounding error, so that every
/// coefficient is visible as what it is.  Largest errors found against exact values: 1.2 ulp, and 2.3 ulp for Tanh.  The functions of
/// floats are in the second part of this class.
/// </remarks>
internal static partial class DeterministicMath
{
    private const double Log2E = 1.4426950408889634;

    // ln 2 as a 42-bit number, so that k * Ln2High is exact for every exponent k, and the rest.
    private const double Ln2High = 0.6931471805598903;
    private const double Ln2Low = 5.497923018708371e-14;

    private const double LargestExponent = 709.782712893384;
    private const double SmallestExponent = -745.1332191019412;
    private const double SquareRootOfTwo = 1.4142135623730951;

    /// <summary>e^x.</summary>
    public static double Exp(double x) => ExpOfSum(x, 0);

    /// <summary>e^x - 1, accurate for small x too.</summary>
    public static double Expm1(double x)
    {
        if (double.IsNaN(x) || x > LargestExponent)
            return x > LargestExponent ? double.PositiveInfinity : x;
        if (x < -40)
            return -1;
        (double k, double r, double error) = ReduceByLn2(x);
        double small = r + Math.FusedMultiplyAdd(r * r, ExpTail(r), error);
        if (k == 0)
            return small;
        if (k > 60)
            return Scale(1 + small, (int)k) - 1;
        double power = Scale(1, (int)k);
        return Math.FusedMultiplyAdd(power, small, power - 1);
    }

    /// <summary>Natural logarithm; NaN below zero, negative infinity at zero.</summary>
    public static double Log(double x)
    {
        if (!(x > 0))
            return x == 0 ? double.NegativeInfinity : double.NaN;
        if (double.IsPositiveInfinity(x))
            return x;
        (double mantissa, int exponent) = Split(x);
        return LogOnePlus(mantissa - 1, exponent);
    }

    /// <summary>log(1 + x), accurate for small x too; NaN below -1, negative infinity at -1.</summary>
    public static double Log1p(double x)
    {
        if (x is > (1 / SquareRootOfTwo) - 1 and < SquareRootOfTwo - 1)
            return LogOnePlus(x, 0);
        if (!(x > -1) || x > 1e17)
            return x == -1 ? double.NegativeInfinity : Log(x);
        double sum = 1 + x;
        double lost = x >= 1 ? 1 - (sum - x) : x - (sum - 1);
        return Log(sum) + (lost / sum);
    }

    /// <summary>x^y for positive x.</summary>
    /// <remarks>The logarithm is carried in twice the precision, so that the error does not grow with the size of the result.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="x"/> is not positive and finite, or <paramref name="y"/> is not finite.
    /// </exception>
    public static double Pow(double x, double y)
    {
        if (!(x > 0) || !double.IsFinite(x))
            throw new ArgumentOutOfRangeException(nameof(x), x, "the base must be positive and finite");
        if (!double.IsFinite(y))
            throw new ArgumentOutOfRangeException(nameof(y), y, "the exponent must be finite");
        (double high, double low) = LogInTwoParts(x);
        double product = y * high;
        if (!(Math.Abs(product) < 1000))
            return product > 0 ? double.PositiveInfinity : 0;
        return ExpOfSum(product, Math.FusedMultiplyAdd(y, high, -product) + (y * low));
    }

    /// <summary>Hyperbolic tangent.</summary>
    public static double Tanh(double x)
    {
        if (Math.Abs(x) > 22)
            return x > 0 ? 1 : -1;
        double e = Expm1(2 * x);
        return e / (e + 2);
    }

    /// <summary>e^(x + tail) where <paramref name="tail"/> is a rounding error of x.</summary>
    private static double ExpOfSum(double x, double tail)
    {
        if (double.IsNaN(x))
            return x;
        if (x > LargestExponent)
            return double.PositiveInfinity;
        if (x < SmallestExponent)
            return 0;
        (double k, double r, double error) = ReduceByLn2(x);
        double rest = error + tail;
        double sum = r + rest;
        rest = (r - sum) + rest;
        double value = 1 + (sum + Math.FusedMultiplyAdd(sum * sum, ExpTail(sum), rest));
        return Scale(value, (int)k);
    }

    /// <summary>x = k ln 2 + r + error with |r| below ln 2 / 2 and the rounding error of r apart.</summary>
    private static (double K, double R, double Error) ReduceByLn2(double x)
    {
        double k = Math.Floor(Math.FusedMultiplyAdd(x, Log2E, 0.5));
        double high = Math.FusedMultiplyAdd(-k, Ln2High, x);
        double low = k * Ln2Low;
        double r = high - low;
        return (k, r, (high - r) - low);
    }

    /// <summary>(e^r - 1 - r) / r² = sum over n ≥ 2 of r^(n-2) / n!.</summary>
    private static double ExpTail(double r)
    {
        double p = 1.0 / 87178291200;
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 6227020800);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 479001600);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 39916800);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 3628800);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 362880);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 40320);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 5040);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 720);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 120);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 24);
        p = Math.FusedMultiplyAdd(p, r, 1.0 / 6);
        return Math.FusedMultiplyAdd(p, r, 0.5);
    }

    /// <summary>value * 2^k in two steps, so that neither power of two leaves the range of normal numbers.</summary>
    private static double Scale(double value, int k)
    {
        int half = k >> 1;
        return value * PowerOfTwo(half) * PowerOfTwo(k - half);
    }

    private static double PowerOfTwo(int k) => BitConverter.Int64BitsToDouble((long)(k + 1023) << 52);

    /// <summary>x = mantissa * 2^exponent with the mantissa between sqrt(1/2) and sqrt(2).</summary>
    private static (double Mantissa, int Exponent) Split(double x)
    {
        int exponent = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 18014398509481984;
            exponent = -54;
        }
        long bits = BitConverter.DoubleToInt64Bits(x);
        exponent += (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        return mantissa > SquareRootOfTwo ? (mantissa * 0.5, exponent + 1) : (mantissa, exponent);
    }

    /// <summary>log(1 + f) + exponent ln 2 by log(1 + f) = 2 atanh(s), s = f / (2 + f).</summary>
    private static double LogOnePlus(double f, int exponent)
    {
        double s = f / (2 + f);
        double z = s * s;
        double tail = 2 * z * AtanhTail(z);

        // 2 s = f - s f and s f = f²/2 - s f²/2: the leading f enters without a rounding error.
        double halfSquare = 0.5 * f * f;
        double correction = halfSquare - ((s * (halfSquare + tail)) + (exponent * Ln2Low));
        return (exponent * Ln2High) - (correction - f);
    }

    /// <summary>log x as an unevaluated sum of two doubles, good to about 2^-60.</summary>
    private static (double High, double Low) LogInTwoParts(double x)
    {
        (double mantissa, int exponent) = Split(x);
        double f = mantissa - 1;
        double divisor = 2 + f;
        double divisorError = (2 - divisor) + f;
        double s = f / divisor;
        double sError = (Math.FusedMultiplyAdd(-s, divisor, f) - (s * divisorError)) / divisor;
        double z = s * s;
        double tail = 2 * (sError + (s * z * AtanhTail(z)));

        double large = exponent * Ln2High;
        double sum = large + (2 * s);
        double sumError = Math.Abs(large) >= Math.Abs(2 * s) ? (large - sum) + (2 * s) : ((2 * s) - sum) + large;
        double low = (exponent * Ln2Low) + tail + sumError;
        double high = sum + low;
        return (high, (sum - high) + low);
    }

    /// <summary>(atanh(s) / s - 1) / s² = sum over n ≥ 1 of z^(n-1) / (2n + 1), z = s².</summary>
    private static double AtanhTail(double z)
    {
        double p = 1.0 / 23;
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 21);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 19);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 17);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 15);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 13);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 11);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 9);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 7);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 5);
        return Math.FusedMultiplyAdd(p, z, 1.0 / 3);
    }
}
