using System.Runtime.Intrinsics.X86;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed unsafe class Mxfp4ProductTests
{
    internal static IEnumerable<Mxfp4Path> Paths => Enum.GetValues<Mxfp4Path>().Where(Mxfp4Product.Supports);

    public static TheoryData<int, int, int> Shapes =>
        new() { { 1, 1, 1 }, { 1, 32, 32 }, { 5, 33, 31 }, { 6, 64, 64 }, { 7, 70, 71 }, { 13, 5, 96 }, { 100, 37, 160 }, { 8, 40, 2100 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_kernel_gives_the_specified_bits(int rows, int outputs, int channels)
    {
        (float[] x, byte[] codes, byte[] scales, float[] start) = Problem(rows, outputs, channels);
        float[] expected = Specification(x, codes, scales, start, rows, outputs, channels);

        foreach (Mxfp4Path path in Paths)
        {
            foreach (int threads in (int[])[1, 2, 3])
                Assert.Equal(expected, Product(path, x, codes, scales, start, rows, outputs, channels, threads));
        }
    }

    [Fact]
    public void The_largest_sums_of_a_block_do_not_saturate()
    {
        const int Rows = 6, Outputs = 64, Channels = 64;
        float[] x = [.. Enumerable.Range(0, Rows * Channels).Select(i => i / Channels % 2 == 0 ? 6f : -6f)];
        var codes = new byte[Outputs * Channels / 2];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (byte)(i / (Channels / 2) % 3 == 0 ? 0xFF : 0x77);
        byte[] scales = [.. Enumerable.Repeat(E8M0.One, Outputs * Channels / 32)];

        foreach (Mxfp4Path path in Paths)
        {
            float[] y = Product(path, x, codes, scales, new float[Rows * Outputs], Rows, Outputs, Channels, 1);

            for (int i = 0; i < y.Length; i++)
                Assert.Equal(36 * Channels * (i / Outputs % 2 == 0 ? 1 : -1) * (i % Outputs % 3 == 0 ? -1 : 1), y[i]);
        }
    }

    [Fact]
    public void Negated_tokens_subtract()
    {
        (float[] x, byte[] codes, byte[] scales, _) = Problem(9, 40, 64);
        float[] zero = new float[9 * 40];
        using var tokens = new Mxfp4Tokens(64);
        tokens.Load(new ReadOnlyMatrixView(x, 9, 64), new Mxfp4Rounding(TieRule.Even, 0.8f, 0, float.PositiveInfinity), negate: true);
        float[] y = new float[9 * 40];

        Mxfp4Product.Add(tokens, Mxfp4Panels.Of(codes, scales, 40, 64), new MatrixView(y, 9, 40));

        Assert.Equal(Product(Mxfp4Path.Scalar, x, codes, scales, zero, 9, 40, 64, 1).Select(v => 0 - v), y);
    }

    [Theory]
    [InlineData(TieRule.Even)]
    [InlineData(TieRule.Zero)]
    internal void Integers_are_twice_the_rounded_values(TieRule ties)
    {
        float[] special = [0, -0f, 0.25f, -0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5, -5, 6, 7, float.NaN, float.PositiveInfinity,
            float.NegativeInfinity, 1e-40f, 0.2500001f];
        var random = new Random(42);
        float[] x = [.. special, .. Enumerable.Range(0, 320 - special.Length).Select(_ => (random.NextSingle() - 0.5f) * 16)];
        var vector = new sbyte[32];
        var scalar = new sbyte[32];
        for (int block = 0; block < x.Length; block += 32)
        {
            fixed (float* source = &x[block])
            fixed (sbyte* a = vector, b = scalar)
            {
                Assert.Equal(Mxfp4.DoublesScalar(source, 2, ties, b), Mxfp4.Doubles256(source, 2, ties, a));
                Assert.Equal(scalar, vector);
                if (Avx512F.IsSupported)
                {
                    Assert.Equal(Mxfp4.DoublesScalar(source, 2, ties, b), Mxfp4.Doubles512(source, 2, ties, a));
                    Assert.Equal(scalar, vector);
                }
                Assert.Equal(x[block..(block + 32)].Select(v => (int)(2 * E2M1.Round(v * 2, ties))), scalar.Select(v => (int)v));
            }
        }
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused()
    {
        (float[] x, byte[] codes, byte[] scales, _) = Problem(2, 40, 64);
        Mxfp4Panels panels = Mxfp4Panels.Of(codes, scales, 40, 64);
        using var tokens = new Mxfp4Tokens(64);
        tokens.Load(new ReadOnlyMatrixView(x, 2, 64), new Mxfp4Rounding(TieRule.Even, 1, 0, float.PositiveInfinity));

        Assert.Throws<ArgumentException>(() => Mxfp4Product.Add(tokens, panels, new MatrixView(new float[80], 1, 80)));
        Assert.Throws<ArgumentException>(() =>
            Mxfp4Product.Add(tokens, Mxfp4Panels.Of(codes.AsSpan(32), scales.AsSpan(2), 39, 64), new MatrixView(new float[80], 2, 40)));
        Assert.Throws<ArgumentException>(() => panels.Load(codes.AsSpan(1), scales, 40));
        Assert.Throws<ArgumentException>(() => new Mxfp4Panels(32, 64).Load(codes, scales, 40));
    }

    private static (float[] X, byte[] Codes, byte[] Scales, float[] Start) Problem(int rows, int outputs, int channels)
    {
        var random = new Random(42);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(i => (random.NextSingle() - 0.5f) * (i % 37 == 0 ? 300 : 3))];
        var codes = new byte[outputs * Mxfp4.CodeBytes(channels)];
        var scales = new byte[outputs * Mxfp4.Blocks(channels)];
        Mxfp4.Quantize(new ReadOnlyMatrixView(Values(outputs * channels), outputs, channels), ScaleRule.Floor, TieRule.Even, codes, scales);
        return (Values(rows * channels), codes, scales, Values(rows * outputs));
    }

    private static float[] Product(Mxfp4Path path, float[] x, byte[] codes, byte[] scales, float[] start, int rows, int outputs,
        int channels, int threads)
    {
        using var tokens = new Mxfp4Tokens(channels);
        tokens.Load(new ReadOnlyMatrixView(x, rows, channels), new Mxfp4Rounding(TieRule.Even, 0.8f, 0, float.PositiveInfinity),
            negate: false, threads);
        float[] y = [.. start];
        Mxfp4Product.Add(path, tokens, Mxfp4Panels.Of(codes, scales, outputs, channels, threads), new MatrixView(y, rows, outputs),
            threads);
        return y;
    }

    /// <summary>From decoded values: a block's sum is exact in double precision and fits a float.</summary>
    private static float[] Specification(float[] x, byte[] codes, byte[] scales, float[] start, int rows, int outputs, int channels)
    {
        var q = new float[rows * channels];
        var w = new float[outputs * channels];
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, rows, channels), new MatrixView(q, rows, channels), ScaleRule.Ceil, TieRule.Even,
            0.8f);
        Mxfp4.Dequantize(codes, scales, new MatrixView(w, outputs, channels));
        float[] y = [.. start];
        for (int row = 0; row < rows; row++)
        {
            for (int o = 0; o < outputs; o++)
            {
                for (int block = 0; block < channels; block += 32)
                {
                    double sum = 0;
                    for (int k = block; k < Math.Min(block + 32, channels); k++)
                        sum += (double)q[(row * channels) + k] * w[(o * channels) + k];
                    y[(row * outputs) + o] = MathF.FusedMultiplyAdd((float)sum, 1, y[(row * outputs) + o]);
                }
            }
        }
        return y;
    }
}
