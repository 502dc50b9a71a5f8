using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Formats;

/// <content>Activations as integers: twice an E2M1 value is a whole number from -12 to 12.</content>
internal static unsafe partial class Mxfp4
{
    /// <summary>Twice the E2M1 values of 32 numbers under a given scale.</summary>
    /// <returns>Their sum.</returns>
    internal static int Doubles(float* x, byte scale, TieRule ties, sbyte* values)
    {
        float inverse = E8M0.Inverse(scale);
        return Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? Doubles512(x, inverse, ties, values)
            : Vector256.IsHardwareAccelerated ? Doubles256(x, inverse, ties, values)
            : DoublesScalar(x, inverse, ties, values);
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

    internal static int Doubles512(float* x, float inverse, TieRule ties, sbyte* values)
    {
        Vector512<float> factor = Vector512.Create(inverse), tieFactor = Vector512.Create(E2M1.TieFactor(ties));
        Vector512<int> low = Twice(Vector512.Load(x) * factor), high = Twice(Vector512.Load(x + 16) * factor);
        Avx512F.ConvertToVector128SByte(low).Store(values);
        Avx512F.ConvertToVector128SByte(high).Store(values + 16);
        return Vector512.Sum(low + high);

        Vector512<int> Twice(Vector512<float> value)
        {
            Vector512<float> rounded = E2M1.RoundNumbers((value.AsUInt32() & Vector512.Equals(value, value).AsUInt32()).AsSingle(),
                tieFactor);
            return Vector512.ConvertToInt32Native(rounded + rounded);
        }
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
