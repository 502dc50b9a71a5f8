using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Kernels;

namespace QuantBuild.Formats;

/// <content>The activation path: what a token becomes when it is quantized and read back.</content>
public static partial class Mxfp4
{
    /// <summary>Rounds every 32-block of every row to MXFP4 values, each block with a scale of its own.</summary>
    /// <remarks>
    /// <c>y = s E2M1(x / s)</c> with s from <see cref="E8M0.ForMaximum"/> of <c>ratio * max|x|</c>. Elements beyond 6 s saturate. NaN
    /// becomes 0 and does not count for the maximum; an infinite maximum takes the largest scale. No output is -0.
    /// </remarks>
    /// <param name="x">[rows, columns]; a last block of fewer than 32 columns counts as padded with zeros.</param>
    /// <param name="y">Receives [rows, columns]; may be the memory of <paramref name="x"/>.</param>
    /// <param name="rule">How a scale follows from the block's largest magnitude.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="ratio">Multiplies the largest magnitude, in float32, before the scale is chosen.</param>
    /// <param name="exponentOffset">Added to every scale's exponent.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static void QuantizeDequantize(ReadOnlyMatrixView x, MatrixView y, ScaleRule rule, TieRule ties, float ratio = 1, int exponentOffset = 0)
    {
        if (x.Rows != y.Rows || x.Columns != y.Columns)
            throw new ArgumentException($"{x.Rows} x {x.Columns} does not quantize into {y.Rows} x {y.Columns}");
        var block = new ActivationBlock(rule, ties, ratio, exponentOffset);
        int whole = x.ColumnStride == 1 && y.ColumnStride == 1 ? x.Columns / BlockSize * BlockSize : 0;
        for (int row = 0; row < x.Rows; row++)
        {
            if (whole > 0)
            {
                ref float source = ref MemoryMarshal.GetReference(x.Data.Slice(row * x.RowStride, whole));
                ref float target = ref MemoryMarshal.GetReference(y.Data.Slice(row * y.RowStride, whole));
                block.ApplyAll(ref source, ref target, whole / BlockSize);
            }
            for (int column = whole; column < x.Columns; column += BlockSize)
                QuantizeDequantizeApart(x, y, row, column, block);
        }
    }

    /// <summary>The same, for a block that is short or whose elements are not neighbours in memory.</summary>
    private static void QuantizeDequantizeApart(ReadOnlyMatrixView x, MatrixView y, int row, int column, ActivationBlock block)
    {
        int count = Math.Min(BlockSize, x.Columns - column);
        Span<float> values = stackalloc float[BlockSize];
        values.Clear();
        for (int i = 0; i < count; i++)
            values[i] = x[row, column + i];
        ref float first = ref MemoryMarshal.GetReference(values);
        block.ApplyAll(ref first, ref first, 1);
        for (int i = 0; i < count; i++)
            y[row, column + i] = values[i];
    }

    /// <summary>Rounds blocks of 32 contiguous floats; the three ways to do it agree bit for bit.</summary>
    internal readonly record struct ActivationBlock(ScaleRule Rule, TieRule Ties, float Ratio, int ExponentOffset)
    {
        /// <summary>Rounds <paramref name="count"/> blocks with the widest vectors there are.</summary>
        public void ApplyAll(ref float x, ref float y, int count)
        {
            if (Vector256.IsHardwareAccelerated)
                Apply256(ref x, ref y, count);
            else if (Vector128.IsHardwareAccelerated)
                Apply128(ref x, ref y, count);
            else
                ApplyScalar(ref x, ref y, count);
        }

        /// <summary>The specification.</summary>
        public void ApplyScalar(ref float x, ref float y, int count)
        {
            for (int block = 0; block < count; block++)
            {
                Span<float> source = MemoryMarshal.CreateSpan(ref Unsafe.Add(ref x, block * BlockSize), BlockSize);
                Span<float> target = MemoryMarshal.CreateSpan(ref Unsafe.Add(ref y, block * BlockSize), BlockSize);
                byte scale = Scale(Maximum(source));
                for (int i = 0; i < BlockSize; i++)
                    target[i] = Decode(Encode(source[i], scale, Ties), scale);
            }
        }

        /// <summary>Four vectors of eight.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Apply256(ref float x, ref float y, int count)
        {
            TieRule ties = Ties;
            for (int block = 0; block < count; block++)
            {
                nuint at = (nuint)block * BlockSize;
                Vector256<float> a = Vector256.LoadUnsafe(ref x, at);
                Vector256<float> b = Vector256.LoadUnsafe(ref x, at + 8);
                Vector256<float> c = Vector256.LoadUnsafe(ref x, at + 16);
                Vector256<float> d = Vector256.LoadUnsafe(ref x, at + 24);
                Vector256<int> most = Vector256.Max(Vector256.Max(MagnitudeBits(a), MagnitudeBits(b)), Vector256.Max(MagnitudeBits(c), MagnitudeBits(d)));
                byte scale = Scale(LargestLane(Vector128.Max(most.GetLower(), most.GetUpper())));
                Vector256<float> factor = Vector256.Create(E8M0.Decode(scale));
                Vector256<float> inverse = Vector256.Create(E8M0.Inverse(scale));
                (E2M1.Round(a * inverse, ties) * factor).StoreUnsafe(ref y, at);
                (E2M1.Round(b * inverse, ties) * factor).StoreUnsafe(ref y, at + 8);
                (E2M1.Round(c * inverse, ties) * factor).StoreUnsafe(ref y, at + 16);
                (E2M1.Round(d * inverse, ties) * factor).StoreUnsafe(ref y, at + 24);
            }
        }

        /// <summary>Eight vectors of four.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Apply128(ref float x, ref float y, int count)
        {
            TieRule ties = Ties;
            for (int block = 0; block < count; block++)
            {
                nuint at = (nuint)block * BlockSize;
                Vector128<int> most = Vector128<int>.Zero;
                for (nuint i = 0; i < BlockSize; i += 4)
                    most = Vector128.Max(most, MagnitudeBits(Vector128.LoadUnsafe(ref x, at + i)));
                byte scale = Scale(LargestLane(most));
                Vector128<float> factor = Vector128.Create(E8M0.Decode(scale));
                Vector128<float> inverse = Vector128.Create(E8M0.Inverse(scale));
                for (nuint i = 0; i < BlockSize; i += 4)
                    (E2M1.Round(Vector128.LoadUnsafe(ref x, at + i) * inverse, ties) * factor).StoreUnsafe(ref y, at + i);
            }
        }

        private byte Scale(float maximum) => E8M0.ForMaximum(maximum * Ratio, Rule, ExponentOffset);

        /// <summary>Magnitudes as integers, which order as the floats do; NaN becomes 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> MagnitudeBits(Vector256<float> values)
        {
            Vector256<int> bits = values.AsInt32() & Vector256.Create(0x7FFF_FFFF);
            return bits & Vector256.LessThanOrEqual(bits, Vector256.Create(0x7F80_0000));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> MagnitudeBits(Vector128<float> values)
        {
            Vector128<int> bits = values.AsInt32() & Vector128.Create(0x7FFF_FFFF);
            return bits & Vector128.LessThanOrEqual(bits, Vector128.Create(0x7F80_0000));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float LargestLane(Vector128<int> bits)
        {
            bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(2, 3, 0, 1)));
            bits = Vector128.Max(bits, Vector128.Shuffle(bits, Vector128.Create(1, 0, 3, 2)));
            return BitConverter.Int32BitsToSingle(bits.ToScalar());
        }
    }
}
