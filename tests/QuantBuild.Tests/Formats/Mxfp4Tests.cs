using System.Runtime.Intrinsics;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Formats;

public sealed class Mxfp4Tests
{
    [Fact]
    public void Scalar_and_both_vector_ways_round_activations_to_the_same_bits()
    {
        const int Blocks = 4000;
        var random = new Random(42);
        float[] x = [.. Enumerable.Range(0, Blocks).SelectMany(_ => Block(random))];
        var scalar = new float[x.Length];
        var narrow = new float[x.Length];
        var wide = new float[x.Length];
        var widest = new float[x.Length];
        foreach (ScaleRule rule in Enum.GetValues<ScaleRule>())
        {
            foreach (TieRule ties in Enum.GetValues<TieRule>())
            {
                foreach ((float ratio, int offset) in (IEnumerable<(float, int)>)[(1, 0), (0.6f, 0), (0.9f, -1), (1, 1), (0.3f, -200),
                    (1, 200)])
                {
                    var block = new Mxfp4.ActivationBlock(rule, ties, ratio, offset);

                    block.ApplyScalar(ref x[0], ref scalar[0], Blocks);
                    block.Apply128(ref x[0], ref narrow[0], Blocks);
                    block.Apply256(ref x[0], ref wide[0], Blocks);
                    block.Apply512(ref x[0], ref widest[0], Blocks);

                    Assert.Equal(Bits(scalar), Bits(narrow));
                    Assert.Equal(Bits(scalar), Bits(wide));
                    Assert.Equal(Bits(scalar), Bits(widest));
                    Assert.DoesNotContain(0x8000_0000u, Bits(scalar));
                }
            }
        }
    }

    [Fact]
    public void Scalar_and_vector_ways_encode_and_decode_blocks_to_the_same_bits()
    {
        var random = new Random(11);
        var expected = new byte[16];
        var codes = new byte[16];
        var expectedValues = new float[32];
        var values = new float[32];
        for (int i = 0; i < 5000; i++)
        {
            float[] block = Block(random);
            TieRule ties = (TieRule)(i % 2);
            var scale = (byte)random.Next(255);
            float inverse =
                E8M0.Inverse(i % 3 == 0 ? scale : E8M0.ForMaximum(block.Where(v => !float.IsNaN(v)).Max(MathF.Abs), ScaleRule.Floor));

            Mxfp4.EncodeBlockScalar(block, inverse, ties, expected);
            Mxfp4.EncodeBlock128(ref block[0], inverse, ties).CopyTo(codes);
            Assert.Equal(expected, codes);

            random.NextBytes(codes);
            Mxfp4.DecodeBlockScalar(codes, scale, expectedValues);
            Mxfp4.DecodeBlock128(Vector128.Create(codes), scale, ref values[0]);
            Assert.Equal(Bits(expectedValues), Bits(values));
        }
    }

    [Fact]
    public void A_scale_that_is_no_number_makes_its_block_nan()
    {
        var values = new float[32];
        Mxfp4.Dequantize(new byte[16], [E8M0.NaN], new MatrixView(values, 1, 32));
        Assert.All(values, v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void Rounding_activations_is_encoding_and_decoding_them()
    {
        var random = new Random(7);
        float[] x = [.. Enumerable.Range(0, 64).SelectMany(_ => Block(random))];
        const int Columns = 96 + 11;
        int rows = x.Length / Columns;
        var codes = new byte[rows * Mxfp4.CodeBytes(Columns)];
        var scales = new byte[rows * Mxfp4.Blocks(Columns)];
        var decoded = new float[rows * Columns];
        var rounded = new float[rows * Columns];
        foreach (TieRule ties in Enum.GetValues<TieRule>())
        {
            var view = new ReadOnlyMatrixView(x, rows, Columns);

            Mxfp4.Quantize(view, ScaleRule.Ceil, ties, codes, scales, 0.8f);
            Mxfp4.Dequantize(codes, scales, new MatrixView(decoded, rows, Columns));
            Mxfp4.QuantizeDequantize(view, new MatrixView(rounded, rows, Columns), ScaleRule.Ceil, ties, 0.8f);

            Assert.Equal(Bits(decoded), Bits(rounded));
        }
    }

    [Fact]
    public void Strided_and_transposed_views_give_what_dense_ones_give()
    {
        var random = new Random(3);
        const int Rows = 5, Columns = 70;
        float[] dense = [.. Enumerable.Range(0, Rows * Columns).Select(_ => random.NextSingle() - 0.5f)];
        var transposed = new float[dense.Length];
        for (int i = 0; i < dense.Length; i++)
            transposed[(i % Columns * Rows) + (i / Columns)] = dense[i];
        ReadOnlyMatrixView strided = new ReadOnlyMatrixView(transposed, Columns, Rows).Transposed;

        byte[] codes = Quantized(new ReadOnlyMatrixView(dense, Rows, Columns), out byte[] scales);
        byte[] codesOfStrided = Quantized(strided, out byte[] scalesOfStrided);
        var y = new float[dense.Length];
        var yOfStrided = new float[dense.Length];
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(dense, Rows, Columns), new MatrixView(y, Rows, Columns), ScaleRule.Ceil,
            TieRule.Even);
        Mxfp4.QuantizeDequantize(strided, new MatrixView(yOfStrided, Columns, Rows).Transposed, ScaleRule.Ceil, TieRule.Even);
        var decoded = new float[dense.Length];
        Mxfp4.Dequantize(codes, scales, new MatrixView(decoded, Columns, Rows).Transposed);

        Assert.Equal(scales, scalesOfStrided);
        Assert.Equal(codes, codesOfStrided);
        for (int i = 0; i < dense.Length; i++)
        {
            Assert.Equal(y[i], yOfStrided[(i % Columns * Rows) + (i / Columns)]);
            Assert.Equal(Mxfp4.Decode(Code(codes, i), scales[(i / Columns * 3) + (i % Columns / 32)]),
                decoded[(i % Columns * Rows) + (i / Columns)]);
        }

        static int Code(byte[] codes, int i)
        {
            byte pair = codes[(i / Columns * 48) + (i % Columns / 2)];
            return i % Columns % 2 == 0 ? pair & 15 : pair >> 4;
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Threads_change_no_bit(int threads)
    {
        const int Rows = 301, Columns = 330;
        var random = new Random(6);
        float[] x = [.. Enumerable.Range(0, (Rows * Columns / 32) + 1).SelectMany(_ => Block(random)).Take(Rows * Columns)];
        var one = new float[x.Length];
        var many = new float[x.Length];

        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, Rows, Columns), new MatrixView(one, Rows, Columns), ScaleRule.Ceil, TieRule.Even,
            0.9f);
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, Rows, Columns), new MatrixView(many, Rows, Columns), ScaleRule.Ceil,
            TieRule.Even, 0.9f, threads: threads);

        Assert.Equal(Bits(one), Bits(many));
    }

    [Fact]
    public void Rounding_in_place_gives_the_same()
    {
        var random = new Random(5);
        float[] x = [.. Block(random), .. Block(random), 1, 2, 3];
        var y = new float[x.Length];

        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, 1, x.Length), new MatrixView(y, 1, x.Length), ScaleRule.Ceil, TieRule.Even);
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, 1, x.Length), new MatrixView(x, 1, x.Length), ScaleRule.Ceil, TieRule.Even);

        Assert.Equal(Bits(y), Bits(x));
    }

    [Fact]
    public void A_row_encodes_under_given_scales_value_by_value()
    {
        float[] row = [.. Enumerable.Range(0, 40).Select(i => (i - 20) * 0.3f)];
        byte[] scales = [128, 126];
        var codes = new byte[32];

        Mxfp4.EncodeRow(row, scales, TieRule.Even, codes);

        for (int i = 0; i < 64; i++)
        {
            int code = i % 2 == 0 ? codes[i / 2] & 15 : codes[i / 2] >> 4;
            Assert.Equal(i < 40 ? Mxfp4.Encode(row[i], scales[i / 32], TieRule.Even) : 0, code);
        }
    }

    [Fact]
    public void Spans_of_the_wrong_length_are_refused()
    {
        var w = new float[64];
        Assert.Throws<ArgumentException>(() =>
            Mxfp4.Quantize(new ReadOnlyMatrixView(w, 2, 32), ScaleRule.Floor, TieRule.Even, new byte[31], new byte[2]));
        Assert.Throws<ArgumentException>(() =>
            Mxfp4.Quantize(new ReadOnlyMatrixView(w, 2, 32), ScaleRule.Floor, TieRule.Even, new byte[32], new byte[3]));
        Assert.Throws<ArgumentException>(() => Mxfp4.Dequantize(new byte[31], new byte[2], new MatrixView(w, 2, 32)));
        Assert.Throws<ArgumentException>(() =>
            Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(w, 2, 32), new MatrixView(w, 1, 64), ScaleRule.Ceil, TieRule.Even));
    }

    private static byte[] Quantized(ReadOnlyMatrixView w, out byte[] scales)
    {
        var codes = new byte[w.Rows * Mxfp4.CodeBytes(w.Columns)];
        scales = new byte[w.Rows * Mxfp4.Blocks(w.Columns)];
        Mxfp4.Quantize(w, ScaleRule.Floor, TieRule.Zero, codes, scales);
        return codes;
    }

    /// <summary>
    /// 32 values of one character: ordinary, any bits, subnormal, huge, on midpoints, or with NaN and infinity among them.
    /// </summary>
    private static float[] Block(Random random)
    {
        int kind = random.Next(6);
        float magnitude = BitConverter.Int32BitsToSingle(random.Next(1, 255) << 23);
        return [.. Enumerable.Range(0, 32).Select(_ => kind switch
        {
            0 => (random.NextSingle() - 0.5f) * magnitude,
            1 => BitConverter.Int32BitsToSingle((int)random.NextInt64(1L << 32)),
            2 => BitConverter.Int32BitsToSingle(random.Next(1 << 24)) * (random.Next(2) == 0 ? 1 : -1),
            3 => (random.NextSingle() - 0.5f) * float.MaxValue,
            4 => random.Next(-24, 25) * 0.25f * magnitude,
            _ => random.Next(8) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => -0f, _ => random.NextSingle() },
        })];
    }

    private static uint[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];
}
