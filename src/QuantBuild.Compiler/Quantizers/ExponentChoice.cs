using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Exponents of weight blocks by the error that they leave, <c>sum_k H_kk (w_k - q_k)²</c> over the 32 channels of a block.
/// </summary>
/// <remarks>
/// Tried are the floor rule's exponent, one more and one less, in this order; the first of the least wins. Everything is float32: eight
/// lanes, lane l adds channels l, l + 8, l + 16, l + 24, each <c>(d d) H</c>, then <c>((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 +
/// s7))</c>.
/// </remarks>
internal static class ExponentChoice
{
    private const int Lanes = 8;

    /// <summary>Chooses the scales of adjacent rows.</summary>
    /// <param name="rows">[rows, in], row-major.</param>
    /// <param name="importance">H_kk, filled up with zeros to whole blocks.</param>
    /// <param name="ties">How exact midpoints round.</param>
    /// <param name="scales">Receives [rows, blocks].</param>
    public static void Of(ReadOnlyMatrixView rows, ReadOnlySpan<float> importance, TieRule ties, Span<byte> scales)
    {
        Mxfp4.BlockScales(rows, ScaleRule.Floor, scales);
        int blocks = Mxfp4.Blocks(rows.Columns);
        Span<float> padded = stackalloc float[Mxfp4.BlockSize];
        for (int row = 0; row < rows.Rows; row++)
        {
            ReadOnlySpan<float> values = Rows.Of(rows, row);
            for (int block = 0; block < blocks; block++)
            {
                int first = block * Mxfp4.BlockSize;
                scoped ReadOnlySpan<float> part = values[first..Math.Min(first + Mxfp4.BlockSize, values.Length)];
                if (part.Length < Mxfp4.BlockSize)
                {
                    padded.Clear();
                    part.CopyTo(padded);
                    part = padded;
                }
                ref byte scale = ref scales[(row * blocks) + block];
                scale = Best(part, importance.Slice(first, Mxfp4.BlockSize), scale, ties);
            }
        }
    }

    /// <summary>H_kk as <see cref="Of"/> takes it.</summary>
    public static float[] Importance(ReadOnlyMatrixView hessian)
    {
        var importance = new float[Mxfp4.Blocks(hessian.Rows) * Mxfp4.BlockSize];
        for (int k = 0; k < hessian.Rows; k++)
            importance[k] = hessian[k, k];
        return importance;
    }

    /// <summary>Error of a block under a scale.</summary>
    internal static float Error(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, byte scale, TieRule ties) =>
        Vector256.IsHardwareAccelerated
            ? ErrorVector(values, importance, E8M0.Decode(scale), E8M0.Inverse(scale), ties)
            : ErrorScalar(values, importance, E8M0.Decode(scale), E8M0.Inverse(scale), ties);

    /// <summary>The reference: vector code gives the same bits.</summary>
    internal static float ErrorScalar(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float factor, float inverse, TieRule ties)
    {
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        for (int i = 0; i < Mxfp4.BlockSize; i++)
        {
            float difference = values[i] - (E2M1.Round(values[i] * inverse, ties) * factor);
            lanes[i % Lanes] += difference * difference * importance[i];
        }
        return Fold(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float ErrorVector(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float factor, float inverse, TieRule ties)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        ref float value = ref MemoryMarshal.GetReference(values);
        ref float weight = ref MemoryMarshal.GetReference(importance);
        for (nuint i = 0; i < Mxfp4.BlockSize; i += Lanes)
        {
            Vector256<float> v = Vector256.LoadUnsafe(ref value, i);
            Vector256<float> difference = v - (E2M1.Round(v * Vector256.Create(inverse), ties) * Vector256.Create(factor));
            sum += difference * difference * Vector256.LoadUnsafe(ref weight, i);
        }
        Span<float> lanes = stackalloc float[Lanes];
        sum.CopyTo(lanes);
        return Fold(lanes);
    }

    private static byte Best(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, byte floor, TieRule ties)
    {
        byte best = floor;
        float least = Error(values, importance, floor, ties);
        for (int offset = 1; offset >= -1; offset -= 2)
        {
            var scale = (byte)Math.Clamp(floor + offset, 0, E8M0.NaN - 1);
            float error = Error(values, importance, scale, ties);
            if (error < least)
                (best, least) = (scale, error);
        }
        return best;
    }

    private static float Fold(ReadOnlySpan<float> s) => s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
}
