using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public class WeightOrderTests
{
    private const int Rows = 40, Channels = 160;
    private static readonly float[] Weight = RandomData.Normal(5, Rows * Channels);
    private static readonly float[] Hessian = RandomData.Hessian(RandomData.Tokens(6, 3 * Channels, Channels), Channels);

    [Fact]
    public void Channels_come_by_falling_diagonal_and_equal_ones_as_they_lie()
    {
        float[] hessian = new float[5 * 5];
        float[] diagonal = [1, 3, 3, 0, 7];
        for (int i = 0; i < 5; i++)
            hessian[i * 6] = diagonal[i];

        Assert.Equal([4, 1, 2, 0, 3], ChannelOrder.ByFallingDiagonal(RandomData.Matrix(hessian, 5)));
        Assert.Equal([3, 1, 2, 4, 0], ChannelOrder.Inverse([4, 1, 2, 0, 3]));
    }

    [Fact]
    public void A_matrix_is_put_in_order_and_back_in_place()
    {
        float[] matrix = [.. Enumerable.Range(0, 49).Select(i => (float)i)], moved = [.. matrix];
        int[] order = [3, 0, 6, 1, 5, 4, 2];

        ChannelOrder.Apply(RandomData.Matrix(moved, 7), order, threads: 2);

        for (int i = 0; i < 49; i++)
            Assert.Equal(matrix[(order[i / 7] * 7) + order[i % 7]], moved[i]);
        ChannelOrder.Apply(RandomData.Matrix(moved, 7), ChannelOrder.Inverse(order), threads: 1);
        Assert.Equal(matrix, moved);
    }

    /// <summary>
    /// The definition: channel after channel in the order, every sum over those that went before, scales of the weight's own blocks.
    /// </summary>
    [Theory]
    [InlineData(BlockExponents.Floor, TieRule.Even)]
    [InlineData(BlockExponents.Error, TieRule.Zero)]
    internal void An_ordered_walk_rounds_as_defined(BlockExponents exponents, TieRule ties)
    {
        var options = new GptqOptions(Order: WeightOrder.Activation, Exponents: exponents, Ties: ties);
        GptqResult result = Gptq.Quantize(RandomData.Matrix(Weight, Channels), RandomData.Matrix([.. Hessian], Channels), options);

        float[] actual = result.Weight.Dequantize(), expected = Defined(result.Weight.Scales, ties);
        int equal = actual.Zip(expected).Count(pair => pair.First == pair.Second);
        Assert.True(equal >= 0.998 * actual.Length, $"only {equal} of {actual.Length} are equal");
        Assert.Equal(TextbookGptq.Loss(Weight, actual, Hessian, Rows, Channels),
            result.Outcome.ErrorEnergy!.Value
                / HessianEnergy.Of(RandomData.Matrix(Weight, Channels), RandomData.Matrix(Hessian, Channels), 1),
            1e-4);
    }

    [Fact]
    public void Order_and_exponents_lose_less()
    {
        double plain = Loss(new GptqOptions()), ordered = Loss(new GptqOptions(Order: WeightOrder.Activation));
        double both = Loss(new GptqOptions(Order: WeightOrder.Activation, Exponents: BlockExponents.Error));

        Assert.True(ordered < plain, $"{ordered} against {plain}");
        Assert.True(both < ordered, $"{both} against {ordered}");
    }

    [Theory]
    [InlineData(1, 32)]
    [InlineData(2, 96)]
    [InlineData(4, 512)]
    public void Neither_threads_nor_block_size_change_a_bit(int threads, int blockSize)
    {
        var options = new GptqOptions(BlockSize: 64, Order: WeightOrder.Activation, Exponents: BlockExponents.Error);
        GptqResult expected = Gptq.Quantize(RandomData.Matrix(Weight, Channels), RandomData.Matrix([.. Hessian], Channels), options);

        GptqResult actual = Gptq.Quantize(RandomData.Matrix(Weight, Channels), RandomData.Matrix([.. Hessian], Channels),
            options with { BlockSize = blockSize }, threads);

        Assert.Equal(expected.Codes, actual.Codes);
        Assert.Equal(expected.Scales, actual.Scales);
        Assert.Equal(expected.Outcome.ErrorEnergy, actual.Outcome.ErrorEnergy);
    }

    [Fact]
    public void A_damped_Hessian_is_put_back_before_the_loss_is_taken()
    {
        float[] singular = new float[64 * 64];
        for (int i = 0; i < 64 * 64; i++)
            singular[i] = (1 + (i / 64 % 5)) * (1f + (i % 64 % 5));
        float[] weight = RandomData.Normal(9, 8 * 64);

        GptqResult result = Gptq.Quantize(RandomData.Matrix(weight, 64), RandomData.Matrix([.. singular], 64),
            new GptqOptions(Damp: 0, Order: WeightOrder.Activation));

        Assert.True(result.Outcome.Tries > 1);
        double energy = HessianEnergy.OfError(RandomData.Matrix(weight, 64), result.Weight, RandomData.Matrix(singular, 64), 1);
        Assert.Equal(energy, result.Outcome.ErrorEnergy!.Value, 1e-9 * energy);
    }

    [Fact]
    public void Exponents_are_the_best_of_three_and_both_ways_agree_to_the_bit()
    {
        float[] importance = [.. RandomData.Normal(3, Channels).Select(MathF.Abs)];
        var scales = new byte[Rows * (Channels / 32)];
        ExponentChoice.Of(RandomData.Matrix(Weight, Channels), importance, TieRule.Even, scales);
        var floor = new byte[scales.Length];
        Mxfp4.BlockScales(RandomData.Matrix(Weight, Channels), ScaleRule.Floor, floor);

        for (int block = 0; block < scales.Length; block++)
        {
            float[] values = Weight[(block * 32)..((block + 1) * 32)];
            float[] weights = importance[(block % 5 * 32)..((block % 5 * 32) + 32)];
            float[] errors = [.. ((int[])[0, 1, -1]).Select(offset => (byte)(floor[block] + offset)).Select(scale =>
                ExponentChoice.ErrorScalar(values, weights, E8M0.Decode(scale), E8M0.Inverse(scale), TieRule.Even))];
            Assert.Equal(floor[block] + ((int[])[0, 1, -1])[Array.IndexOf(errors, errors.Min())], scales[block]);
            Assert.Equal(errors[0], ExponentChoice.ErrorVector(values, weights, E8M0.Decode(floor[block]), E8M0.Inverse(floor[block]),
                TieRule.Even));
        }
        Assert.Contains(scales.Zip(floor), pair => pair.First != pair.Second);
    }

    private static double Loss(GptqOptions options) => TextbookGptq.Loss(Weight, Gptq.Quantize(RandomData.Matrix(Weight, Channels),
        RandomData.Matrix([.. Hessian], Channels), options).Weight.Dequantize(), Hessian, Rows, Channels);

    private static float[] Defined(byte[] scales, TieRule ties)
    {
        int[] order = ChannelOrder.ByFallingDiagonal(RandomData.Matrix(Hessian, Channels));
        float[] permuted = [.. Hessian];
        ChannelOrder.Apply(RandomData.Matrix(permuted, Channels), order, threads: 1);
        _ = HessianFactor.TryCreate(RandomData.Matrix(permuted, Channels), 0.01, threads: 1);
        var result = new float[Weight.Length];
        for (int row = 0; row < Rows; row++)
        {
            var errors = new double[Channels];
            for (int k = 0; k < Channels; k++)
            {
                double sum = Weight[(row * Channels) + order[k]];
                for (int j = 0; j < k; j++)
                    sum += permuted[(j * Channels) + k] * errors[j];
                byte scale = scales[(row * (Channels / 32)) + (order[k] / 32)];
                float rounded = Mxfp4.Decode(Mxfp4.Encode((float)sum, scale, ties), scale);
                errors[k] = Weight[(row * Channels) + order[k]] - rounded;
                result[(row * Channels) + order[k]] = rounded;
            }
        }
        return result;
    }
}
