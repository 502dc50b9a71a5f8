using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class LayerErrorTests
{
    private const int Channels = 64, Outputs = 40, Rank = 3;
    private static readonly float[] Weight = RandomData.Normal(1, Outputs * Channels);
    private static readonly float[] Scale = [.. RandomData.Normal(2, Channels).Select(v => MathF.Abs(v) + 0.2f)];
    private static readonly LowRankBranch Branch = LowRankBranch.FromBits(Outputs, Channels, Halves(3, Outputs * Rank),
        Halves(4, Rank * Channels));
    private static readonly PackedWeight Packed = RoundToNearest.Quantize(RandomData.Matrix(Weight, Channels), TieRule.Even).Weight;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_complete_layer_agrees_with_the_golden_output(int @case)
    {
        using var golden = new GoldenSet("qlinear");
        MatrixView w = golden.Matrix($"case.{@case}.w"), x = golden.Matrix($"case.{@case}.x");
        LowRankBranch branch = LowRankBranch.FromBits(w.Rows, w.Columns, golden.Halves($"case.{@case}.b"),
            golden.Halves($"case.{@case}.a"));
        var packed = new PackedWeight(w.Rows, w.Columns, golden.Bytes($"case.{@case}.packed"), golden.Bytes($"case.{@case}.scales"));
        float[] bias = golden.Floats($"case.{@case}.bias"), full = golden.Floats($"case.{@case}.y_float");
        foreach ((string tensor, float ratio) in new[] { ("y.clip1.0", 1f), ("y.clip0.8", 0.8f) })
        {
            float[] expected = golden.Floats($"case.{@case}.{tensor}");
            var layer = new MeasuredLayer(golden.Floats($"case.{@case}.smooth_scale_bf16"), branch, packed,
                new ActivationQuantizer(new ClipSetting(ratio), TieRule.Zero));
            using var input = new MeasuredInput(layer, x.Rows, w.Rows);
            var y = new MatrixView(new float[x.Rows * w.Rows], x.Rows, w.Rows);

            input.Load(x, threads: 1);
            input.Multiply(0, y, threads: 1);
            ErrorSums sums = LayerError.Measure(x, w, [layer]).Single();

            double largest = expected.Max(MathF.Abs), difference = 0, reference = 0;
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], y.Data[i] + bias[i % bias.Length], 1e-4 * largest);
                difference += Math.Pow(expected[i] - full[i], 2);
                reference += Math.Pow(full[i] - bias[i % bias.Length], 2);
            }
            Assert.Equal(Math.Sqrt(difference / reference), sums.RelativeError, 1e-4 * sums.RelativeError);
        }
    }

    [Fact]
    public void Sums_equal_brute_force()
    {
        float[] x = RandomData.Tokens(5, 30, Channels);
        MeasuredLayer[] layers =
        [
            new(null, null, Packed, ActivationQuantizer.Unclipped(TieRule.Even)),
            new(Scale, Branch, Packed, new ActivationQuantizer(new ClipSetting(0.8f), TieRule.Zero)),
            new(Scale, Branch, Packed, new ActivationQuantizer(new ClipSetting(1, 1, 1.5f), TieRule.Even)),
            new(Scale, null, Packed, null),
        ];

        ErrorSums[] sums = LayerError.Measure(RandomData.Matrix(x, Channels), RandomData.Matrix(Weight, Channels), layers);

        for (int i = 0; i < layers.Length; i++)
        {
            ErrorSums expected = BruteForce(x, layers[i]);
            Assert.Equal(expected.Reference, sums[i].Reference, 1e-5 * expected.Reference);
            Assert.Equal(expected.Difference, sums[i].Difference, 1e-5 * expected.Difference);
            Assert.Equal(expected.Product, sums[i].Product, 1e-5 * expected.Output);
            Assert.Equal(expected.Output, sums[i].Output, 1e-5 * expected.Output);
        }
    }

    [Fact]
    public void Threads_and_company_never_change_a_bit()
    {
        float[] x = RandomData.Tokens(6, 1100, Channels);
        var first = new MeasuredLayer(Scale, Branch, Packed, ActivationQuantizer.Unclipped(TieRule.Even));
        var second = new MeasuredLayer(null, null, Packed, null);

        ErrorSums[] alone = LayerError.Measure(RandomData.Matrix(x, Channels), RandomData.Matrix(Weight, Channels), [first]);
        ErrorSums[] together = LayerError.Measure(RandomData.Matrix(x, Channels), RandomData.Matrix(Weight, Channels),
            [second, first with { }, first], threads: 3);

        Assert.Equal(alone[0], together[1]);
        Assert.Equal(alone[0], together[2]);
        Assert.NotEqual(alone[0], together[0]);
    }

    [Fact]
    public void Sums_of_parts_give_the_error_of_the_whole()
    {
        float[] x = RandomData.Tokens(7, 50, Channels);
        MeasuredLayer[] layer = [new(null, null, Packed, ActivationQuantizer.Unclipped(TieRule.Even))];

        ErrorSums whole = LayerError.Measure(RandomData.Matrix(x, Channels), RandomData.Matrix(Weight, Channels), layer)[0];
        ErrorSums parts = LayerError.Measure(RandomData.Matrix(x[..(20 * Channels)], Channels), RandomData.Matrix(Weight, Channels),
            layer)[0]
            + LayerError.Measure(RandomData.Matrix(x[(20 * Channels)..], Channels), RandomData.Matrix(Weight, Channels), layer)[0];

        Assert.Equal(whole.RelativeError, parts.RelativeError, 1e-12);
        Assert.Equal(whole.Cosine, parts.Cosine, 1e-12);
    }

    [Fact]
    public void Error_and_cosine_are_defined_without_a_signal()
    {
        Assert.Equal((0, 1), (default(ErrorSums).RelativeError, default(ErrorSums).Cosine));
        Assert.Equal((1, 0), (new ErrorSums(4, 4, 0, 0).RelativeError, new ErrorSums(4, 4, 0, 0).Cosine));
        Assert.Equal((double.PositiveInfinity, 0), (new ErrorSums(0, 4, 0, 4).RelativeError, new ErrorSums(0, 4, 0, 4).Cosine));
        Assert.Equal(default,
            LayerError.Measure(new ReadOnlyMatrixView([], 0, Channels), RandomData.Matrix(Weight, Channels),
                [new(null, null, Packed, null)])[0]);
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_refused()
    {
        float[] weight = [.. Weight];
        weight[Channels + 1] = float.NaN;

        NumericException error = Assert.Throws<NumericException>(() =>
            LayerError.Measure(new ReadOnlyMatrixView([], 0, Channels), RandomData.Matrix(weight, Channels),
                [new(null, null, Packed, null)]));

        Assert.Equal(("weight", "row 1, channel 1"), (error.Quantity, error.Place));
    }

    private static ErrorSums BruteForce(float[] x, MeasuredLayer layer)
    {
        float[] weight = layer.Weight.Dequantize();
        var sums = default(ErrorSums);
        for (int token = 0; token < x.Length; token += Channels)
        {
            float[] raw = x[token..(token + Channels)];
            float[] smooth = layer.Scale is null ? raw : [.. raw.Zip(layer.Scale, (v, s) => v / s)];
            float[] main = [.. smooth];
            layer.Activation?.Apply(RandomData.Matrix(smooth, Channels), RandomData.Matrix(main, Channels));
            for (int o = 0; o < Outputs; o++)
            {
                double y = 0, yHat = 0;
                for (int i = 0; i < Channels; i++)
                {
                    y += (double)raw[i] * Weight[(o * Channels) + i];
                    yHat += (double)main[i] * weight[(o * Channels) + i];
                    for (int r = 0; layer.Branch is not null && r < Rank; r++)
                        yHat += (double)smooth[i] * Branch.Down[(r * Channels) + i] * Branch.Up[(o * Rank) + r];
                }
                sums += new ErrorSums(y * y, (y - yHat) * (y - yHat), y * yHat, yHat * yHat);
            }
        }
        return sums;
    }

    private static ushort[] Halves(int seed, int count)
    {
        var bits = new ushort[count];
        BFloat16.FromSingle(RandomData.Normal(seed, count, 0.3), bits);
        return bits;
    }
}
