using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Formats;

public sealed class Fp8FoldTests
{
    private const int BlocksOfRow = 8;

    private static readonly TensorSpace Space = OnProcessor.Space;

    [Fact]
    public void Rows_within_fourteen_octaves_are_exact_bit_by_bit()
    {
        var random = new Random(1);
        for (int i = 0; i < 20; i++)
        {
            (byte[] codes, byte[] scales) = Weight(300, random, (row, block) => row % 3 == 0 && block == 5 ? 0 : Fp8Fold.Span);
            (float[] values, float[] unfolded, bool[] fits) = Fold(codes, scales, 300);
            Assert.All(fits, Assert.True);
            Assert.Equal(Bits(values), Bits(unfolded));
        }
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_nothing_else()
    {
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            (byte[] codes, byte[] scales) = Weight(300, random, (_, _) => 24);
            (float[] values, float[] unfolded, bool[] fits) = Fold(codes, scales, 300);
            bool[] expected = [.. Enumerable.Range(0, 300).Select(row => Row(values, row).SequenceEqual(Row(unfolded, row)))];
            Assert.Equal(expected, fits);
            Assert.Contains(false, fits);
            Assert.Contains(true, fits);
        }
    }

    [Fact]
    public void Every_value_of_every_octave_is_exact_down_to_the_last_one_that_fits()
    {
        for (int octaves = 0; octaves <= 20; octaves++)
        {
            foreach (int code in Enumerable.Range(1, 7))
            {
                // One block of sixes at the top, one of a single value below.
                var codes = new byte[2 * 16];
                codes.AsSpan(0, 16).Fill(0x77);
                codes[16] = (byte)code;
                (float[] values, float[] unfolded, bool[] fits) = Fold(codes, [130, (byte)(130 - octaves)], 1, blocks: 2);
                // Above the span only what has trailing zeros is left: e4m3's least value is 2^-9.
                bool exact = octaves <= Fp8Fold.Span || E2M1.Decode(code) * Math.Pow(2, Fp8Fold.TopExponent - octaves + 9) % 1 == 0;
                Assert.Equal(exact, fits[0]);
                Assert.Equal(exact, values.SequenceEqual(unfolded));
            }
        }
    }

    [Fact]
    public void Rows_of_zeros_fit_whatever_their_scales_say_and_so_do_the_largest_and_least_scales()
    {
        var codes = new byte[4 * 2 * 16];
        codes.AsSpan(3 * 16).Fill(0x71);
        // Zeros at any scale; a block of zeros above the values; the largest scale; scales so small that the row's would not exist.
        (_, float[] unfolded, bool[] fits) = Fold(codes, [254, 0, 254, 20, 254, 250, 3, 1], 4, blocks: 2);
        Assert.Equal([true, true, true, false], fits);
        Assert.All(unfolded[..96], value => Assert.Equal(0, value));
        Assert.Equal(6 * Math.Pow(2, 20 - 127), unfolded[97], 0.0);
    }

    [Fact]
    public void The_processors_product_of_folded_rows_is_exact()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var tables = new Mxfp4Tables(Space);
        using ScaledProduct product = ScaledProduct.Probe(torch.CPU)!;
        Assert.False(product.IsByRow);
        var random = new Random(3);
        Fp8Fold.Rows a = Folded(Weight(48, random, (_, _) => 3), 48, tables), b = Folded(Weight(64, random, (_, _) => 3), 64, tables);
        // Few octaves: float32 has the sums exactly in any order.
        float[] expected = OnProcessor.Read(Fp8Fold.Unfold(a).to(torch.ScalarType.Float64)
            .matmul(Fp8Fold.Unfold(b).to(torch.ScalarType.Float64).t()));

        Assert.Equal(expected, OnProcessor.Read(product.Multiply(a, b)));
    }

    private static (byte[] Codes, byte[] Scales) Weight(int rows, Random random, Func<int, int, int> octaves)
    {
        var codes = new byte[rows * BlocksOfRow * 16];
        random.NextBytes(codes);
        var scales = new byte[rows * BlocksOfRow];
        for (int row = 0; row < rows; row++)
        {
            int top = random.Next(100, 150);
            for (int block = 0; block < BlocksOfRow; block++)
            {
                scales[(row * BlocksOfRow) + block] = (byte)(top - random.Next(octaves(row, block) + 1));
                if (random.Next(16) == 0)
                    codes.AsSpan(((row * BlocksOfRow) + block) * 16, 16).Clear();
            }
        }
        return (codes, scales);
    }

    private static (float[] Values, float[] Unfolded, bool[] Fits) Fold(byte[] codes, byte[] scales, int rows, int blocks = BlocksOfRow)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var tables = new Mxfp4Tables(Space);
        torch.Tensor values = torch.empty([rows, blocks * 32]);
        Mxfp4Weights.Decode(codes, scales, tables, values);
        Fp8Fold.Rows folded = Folded((codes, scales), rows, tables, blocks);
        Assert.Equal(rows - OnProcessor.Read(folded.Fits).Sum(), Fp8Fold.Misfits(folded));
        return (OnProcessor.Read(values), OnProcessor.Read(Fp8Fold.Unfold(folded)),
            [.. OnProcessor.Read(folded.Fits).Select(fit => fit == 1)]);
    }

    private static Fp8Fold.Rows Folded((byte[] Codes, byte[] Scales) weight, int rows, Mxfp4Tables tables, int blocks = BlocksOfRow)
    {
        Fp8Fold.Rows? folded = null;
        Mxfp4Weights.ForRows(weight.Codes, weight.Scales, rows, blocks * 32, torch.CPU, tables, (_, units, scale) =>
        {
            Fp8Fold.Rows some = Fp8Fold.Fold(units, scale, tables);
            folded = new Fp8Fold.Rows(some.Values.MoveToOuterDisposeScope(), some.Scales.MoveToOuterDisposeScope(),
                some.Fits.MoveToOuterDisposeScope());
        });
        return folded!.Value;
    }

    private static ReadOnlySpan<float> Row(float[] values, int row) => values.AsSpan(row * BlocksOfRow * 32, BlocksOfRow * 32);

    /// <summary>The bits, except that of a zero's sign: no product shows it.</summary>
    private static uint[] Bits(float[] values) => [.. values.Select(value => BitConverter.SingleToUInt32Bits(value + 0f))];
}
