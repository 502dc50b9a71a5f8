using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Formats;

/// <content>The activation path: what a token becomes when it is quantized and read back.</content>
internal static unsafe partial class Mxfp4
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
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static void QuantizeDequantize(ReadOnlyMatrixView x, MatrixView y, ScaleRule rule, TieRule ties, float ratio = 1,
        int exponentOffset = 0, int threads = 1)
    {
        if (x.Rows != y.Rows || x.Columns != y.Columns)
            throw new ArgumentException($"{x.Rows} x {x.Columns} does not quantize into {y.Rows} x {y.Columns}");
        var block = new ActivationBlock(rule, ties, ratio, exponentOffset);
        int whole = x.ColumnStride == 1 && y.ColumnStride == 1 ? x.Columns / BlockSize : 0;
        fixed (float* source = x.Data, target = y.Data)
            RowLoop.Run(whole > 0 ? x.Rows : 0, x.Columns, threads,
                new WholeBlocks(source, x.RowStride, target, y.RowStride, whole, block));
        for (int row = 0; row < x.Rows; row++)
        {
            for (int column = whole * BlockSize; column < x.Columns; column += BlockSize)
                QuantizeDequantizeApart(x, y, row, column, block);
        }
    }

    private readonly struct WholeBlocks(float* x, nint xStride, float* y, nint yStride, int count, ActivationBlock block) : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
                block.ApplyAll(ref x[row * xStride], ref y[row * yStride], count);
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

    /// <summary>Rounds blocks of 32 contiguous floats; the ways to do it agree bit for bit.</summary>
    internal readonly partial record struct ActivationBlock(ScaleRule Rule, TieRule Ties, float Ratio, int ExponentOffset)
    {
        /// <summary>Rounds <paramref name="count"/> blocks with the widest vectors there are.</summary>
        public void ApplyAll(ref float x, ref float y, int count)
        {
            if (Vector512.IsHardwareAccelerated)
                Apply512(ref x, ref y, count);
            else if (Vector256.IsHardwareAccelerated)
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
            Vector256<float> tieFactor = Vector256.Create(E2M1.TieFactor(Ties));
            Vector256<int> magnitude = Vector256.Create(0x7FFF_FFFF);
            float ratio = Ratio;
            uint carry = Rule == ScaleRule.Ceil ? 0x003F_FFFFu : 0;
            int offset = ExponentOffset - 2;
            for (int block = 0; block < count; block++)
            {
                nuint at = (nuint)block * BlockSize;
                Vector256<float> a = Vector256.LoadUnsafe(ref x, at);
                Vector256<float> b = Vector256.LoadUnsafe(ref x, at + 8);
                Vector256<float> c = Vector256.LoadUnsafe(ref x, at + 16);
                Vector256<float> d = Vector256.LoadUnsafe(ref x, at + 24);
                Vector256<int> most = Vector256.Max(
                    Vector256.Max(a.AsInt32() & magnitude, b.AsInt32() & magnitude),
                    Vector256.Max(c.AsInt32() & magnitude, d.AsInt32() & magnitude));
                float maximum = BitConverter.Int32BitsToSingle(LargestLane(Vector128.Max(most.GetLower(), most.GetUpper())));
                uint bits = BitConverter.SingleToUInt32Bits(maximum * ratio);
                if (bits - 0x0080_0000 >= 0x7F00_0000)
                {
                    // Zero, subnormal, infinite, or a NaN among the elements.
                    ApplyScalar(ref Unsafe.Add(ref x, at), ref Unsafe.Add(ref y, at), 1);
                    continue;
                }
                // E8M0.ForMaximum for a normal maximum: the carry reaches the exponent where the mantissa is above 1.5.
                var scale = (byte)Math.Clamp((int)((bits + carry) >> 23) + offset, 0, 254);
                Vector256<float> factor = Vector256.Create(E8M0.Decode(scale));
                Vector256<float> inverse = Vector256.Create(E8M0.Inverse(scale));
                (E2M1.RoundNumbers(a * inverse, tieFactor) * factor).StoreUnsafe(ref y, at);
                (E2M1.RoundNumbers(b * inverse, tieFactor) * factor).StoreUnsafe(ref y, at + 8);
                (E2M1.RoundNumbers(c * inverse, tieFactor) * factor).StoreUnsafe(ref y, at + 16);
                (E2M1.RoundNumbers(d * inverse, tieFactor) * factor).StoreUnsafe(ref y, at + 24);
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
                byte scale = Scale(Maximum(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref x, at), BlockSize)));
                Vector128<float> factor = Vector128.Create(E8M0.Decode(scale));
                Vector128<float> inverse = Vector128.Create(E8M0.Inverse(scale));
                for (nuint i = 0; i < BlockSize; i += 4)
                    (E2M1.Round(Vector128.LoadUnsafe(ref x, at + i) * inverse, ties) * factor).StoreUnsafe(ref y, at + i);
            }
        }

        private byte Scale(float maximum) => E8M0.ForMaximum(maximum * Ratio, Rule, ExponentOffset);
    }
}
