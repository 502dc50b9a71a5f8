using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <content>Activations as integers: twice an E2M1 value is a whole number from -12 to 12.</content>
public static unsafe partial class Mxfp4
{
    /// <summary>Twice the E2M1 values of 32 numbers under a given scale.</summary>
    /// <returns>Their sum.</returns>
    internal static int Doubles(float* x, byte scale, TieRule ties, sbyte* values)
    {
        float inverse = E8M0.Inverse(scale);
        return Vector256.IsHardwareAccelerated ? Doubles256(x, inverse, ties, values) : DoublesScalar(x, inverse, ties, values);
    }

    /// <summary>The specification.</summary>
    internal static int DoublesScalar(float* x, float inverse, TieRule ties, sbyte* values)
    {
        int sum = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            values[i] = (sbyte)(2 * E2M1.Round(x[i] * inverse, ties));
            sum += values[i];
        }
        return sum;
    }

    internal static int Doubles256(float* x, float inverse, TieRule ties, sbyte* values)
    {
        Vector256<float> factor = Vector256.Create(inverse);
        Vector256<int> a = Twice(Vector256.Load(x) * factor), b = Twice(Vector256.Load(x + 8) * factor);
        Vector256<int> c = Twice(Vector256.Load(x + 16) * factor), d = Twice(Vector256.Load(x + 24) * factor);
        Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d)).Store(values);
        return Vector256.Sum(a + b + c + d);

        Vector256<int> Twice(Vector256<float> value)
        {
            Vector256<float> rounded = E2M1.Round(value, ties);
            return Vector256.ConvertToInt32Native(rounded + rounded);
        }
    }
}
