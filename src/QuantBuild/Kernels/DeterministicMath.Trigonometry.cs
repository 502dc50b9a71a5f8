namespace QuantBuild.Kernels;

internal static partial class DeterministicMath
{
    private const double TwoOverPi = 0.6366197723675814;

    // Pi / 2 in three parts: two of 33 bits, so that products with k are exact, and the rest.
    private const double HalfPiHigh = 1.5707963267341256;
    private const double HalfPiMiddle = 6.077100506303966e-11;
    private const double HalfPiLow = 2.0222662487959506e-21;

    private const double LargestAngle = 1 << 20;

    /// <summary>Sine of an angle in radians.</summary>
    /// <exception cref="ArgumentOutOfRangeException">|x| is above 2^20, where the reduction loses accuracy.</exception>
    public static double Sin(double x) => SinOfQuarter(x, 0);

    /// <summary>Cosine of an angle in radians.</summary>
    /// <exception cref="ArgumentOutOfRangeException">|x| is above 2^20, where the reduction loses accuracy.</exception>
    public static double Cos(double x) => SinOfQuarter(x, 1);

    /// <summary>sin(x + quarter pi / 2).</summary>
    private static double SinOfQuarter(double x, int quarter)
    {
        if (double.IsNaN(x))
            return x;
        if (Math.Abs(x) > LargestAngle)
            throw new ArgumentOutOfRangeException(nameof(x), x, "the angle is too large");
        double k = Math.Floor(Math.FusedMultiplyAdd(x, TwoOverPi, 0.5));
        double a = Math.FusedMultiplyAdd(-k, HalfPiHigh, x);
        double b = -k * HalfPiMiddle;
        double sum = a + b;
        double virtualB = sum - a;
        double low = (a - (sum - virtualB)) + (b - virtualB);
        low = Math.FusedMultiplyAdd(-k, HalfPiLow, low);
        double r = sum + low;
        low = (sum - r) + low;
        return (((int)k + quarter) & 3) switch
        {
            0 => ReducedSin(r, low),
            1 => ReducedCos(r, low),
            2 => -ReducedSin(r, low),
            _ => -ReducedCos(r, low),
        };
    }

    /// <summary>sin(r + low) for |r| up to pi / 4.</summary>
    private static double ReducedSin(double r, double low)
    {
        double z = r * r;
        double p = 1.0 / 355687428096000;
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 1307674368000);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 6227020800);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 39916800);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 362880);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 5040);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 120);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 6);
        return r + Math.FusedMultiplyAdd(r * z, p, low * (1 - (0.5 * z)));
    }

    /// <summary>cos(r + low) for |r| up to pi / 4.</summary>
    private static double ReducedCos(double r, double low)
    {
        double z = r * r;
        double p = -1.0 / 6402373705728000;
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 20922789888000);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 87178291200);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 479001600);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 3628800);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 40320);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 720);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 24);
        double half = 0.5 * z;
        double leading = 1 - half;
        return leading + (((1 - leading) - half) + Math.FusedMultiplyAdd(z * z, p, -r * low));
    }
}
