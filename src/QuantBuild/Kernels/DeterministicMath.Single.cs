using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Kernels;

internal static partial class DeterministicMath
{
    private const float Log2ESingle = 1.44269504f;
    private const float Ln2HighSingle = 0.693147182f;
    private const float Ln2LowSingle = -1.90465421e-9f;

    // Adding and subtracting 1.5 * 2^23 rounds to an integer, which is then in the low bits of the sum.
    private const float RoundingShift = 12582912;

    // Beyond these e^x is infinite, or zero even as a subnormal; within them the exponents below stay representable.
    private const float LargestExponentSingle = 89;
    private const float SmallestExponentSingle = -104;

    /// <summary>e^x to within 1 ulp, with subnormal results; the specification of the overload for spans.</summary>
    public static float Exp(float x)
    {
        x = x > LargestExponentSingle ? LargestExponentSingle : x;
        x = x < SmallestExponentSingle ? SmallestExponentSingle : x;
        float shifted = MathF.FusedMultiplyAdd(x, Log2ESingle, RoundingShift);
        float k = shifted - RoundingShift;
        float r = MathF.FusedMultiplyAdd(k, -Ln2HighSingle, x);
        r = MathF.FusedMultiplyAdd(k, -Ln2LowSingle, r);
        float p = 1f / 5040;
        p = MathF.FusedMultiplyAdd(p, r, 1f / 720);
        p = MathF.FusedMultiplyAdd(p, r, 1f / 120);
        p = MathF.FusedMultiplyAdd(p, r, 1f / 24);
        p = MathF.FusedMultiplyAdd(p, r, 1f / 6);
        p = MathF.FusedMultiplyAdd(p, r, 0.5f);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        int exponent = BitConverter.SingleToInt32Bits(shifted) - BitConverter.SingleToInt32Bits(RoundingShift);
        int half = exponent >> 1;
        return p * BitConverter.Int32BitsToSingle((half + 127) << 23) * BitConverter.Int32BitsToSingle((exponent - half + 127) << 23);
    }

    /// <summary>e^x of every element, bit for bit as <see cref="Exp(float)"/>.</summary>
    /// <param name="x">Arguments.</param>
    /// <param name="y">Results, of the same length; may be <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Exp(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"{x.Length} arguments do not give {y.Length} results");
        int i = 0;
        fixed (float* input = x, output = y)
        {
            for (; i <= x.Length - Lanes.Count; i += Lanes.Count)
                Exp(Vector512.Load(input + i)).Store(output + i);
        }
        for (; i < x.Length; i++)
            y[i] = Exp(x[i]);
    }

    // Inlined into the one loop above and nowhere else: where 512-bit vectors are made of narrower ones, the code of a larger caller
    // exceeds what the compiler is willing to inline, and what is left are hundreds of calls.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> largest = Vector512.Create(LargestExponentSingle);
        Vector512<float> smallest = Vector512.Create(SmallestExponentSingle);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, largest), largest, x);
        x = Vector512.ConditionalSelect(Vector512.LessThan(x, smallest), smallest, x);
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2ESingle), Vector512.Create(RoundingShift));
        Vector512<float> k = shifted - Vector512.Create(RoundingShift);
        Vector512<float> r = Vector512.FusedMultiplyAdd(k, Vector512.Create(-Ln2HighSingle), x);
        r = Vector512.FusedMultiplyAdd(k, Vector512.Create(-Ln2LowSingle), r);
        Vector512<float> p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        Vector512<int> exponent = shifted.AsInt32() - Vector512.Create(RoundingShift).AsInt32();
        Vector512<int> half = Vector512.ShiftRightArithmetic(exponent, 1);
        Vector512<int> bias = Vector512.Create(127);
        return p * Vector512.ShiftLeft(half + bias, 23).AsSingle() * Vector512.ShiftLeft(exponent - half + bias, 23).AsSingle();
    }
}
