using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>
/// Loops over float64 vectors with one defined rounding.  A sum runs in sixteen fixed lanes that are added as a fixed tree; products
/// are rounded before they are added, which every machine can do at the same speed.
/// </summary>
internal static unsafe class LaneMath
{
    private const int Width = 4;

    /// <summary>The sum of x[i] y[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(double* x, double* y, int length)
    {
        Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
        int i = 0;
        for (; i <= length - (4 * Width); i += 4 * Width)
        {
            s0 += Vector256.Load(x + i) * Vector256.Load(y + i);
            s1 += Vector256.Load(x + i + Width) * Vector256.Load(y + i + Width);
            s2 += Vector256.Load(x + i + (2 * Width)) * Vector256.Load(y + i + (2 * Width));
            s3 += Vector256.Load(x + i + (3 * Width)) * Vector256.Load(y + i + (3 * Width));
        }
        s0 = (s0 + s1) + (s2 + s3);
        double sum = (s0.GetElement(0) + s0.GetElement(1)) + (s0.GetElement(2) + s0.GetElement(3));
        for (; i < length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    /// <summary>(x, y) = (c x - s y, s x + c y).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(double* x, double* y, int length, double c, double s)
    {
        Vector256<double> cosine = Vector256.Create(c), sine = Vector256.Create(s);
        int i = 0;
        for (; i <= length - Width; i += Width)
        {
            Vector256<double> left = Vector256.Load(x + i), right = Vector256.Load(y + i);
            ((cosine * left) - (sine * right)).Store(x + i);
            ((sine * left) + (cosine * right)).Store(y + i);
        }
        for (; i < length; i++)
            (x[i], y[i]) = ((c * x[i]) - (s * y[i]), (s * x[i]) + (c * y[i]));
    }

    /// <summary>y += factor x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(double factor, double* x, double* y, int length)
    {
        Vector256<double> scale = Vector256.Create(factor);
        int i = 0;
        for (; i <= length - Width; i += Width)
            (Vector256.Load(y + i) + (scale * Vector256.Load(x + i))).Store(y + i);
        for (; i < length; i++)
            y[i] += factor * x[i];
    }

    /// <summary>The sum of x[i]^2 of float32 values, whose squares are exact in float64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredNorm(float* x, int length)
    {
        Vector256<double> s0 = default, s1 = default;
        int i = 0;
        for (; i <= length - (2 * Width); i += 2 * Width)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.Load(x + i));
            s0 += low * low;
            s1 += high * high;
        }
        s0 += s1;
        double sum = (s0.GetElement(0) + s0.GetElement(1)) + (s0.GetElement(2) + s0.GetElement(3));
        for (; i < length; i++)
            sum += (double)x[i] * x[i];
        return sum;
    }
}
