using System.Runtime.Intrinsics;
using QuantBuild.Formats;

namespace QuantBuild.Tests.Formats;

public sealed class E2M1Tests
{
    [Theory]
    [InlineData(0.25f, 0, 0)]
    [InlineData(0.75f, 0.5f, 1)]
    [InlineData(1.25f, 1, 1)]
    [InlineData(1.75f, 1.5f, 2)]
    [InlineData(2.5f, 2, 2)]
    [InlineData(3.5f, 3, 4)]
    [InlineData(5, 4, 4)]
    public void A_midpoint_goes_where_the_tie_rule_says_and_its_neighbours_go_to_the_nearest(float midpoint, float zero, float even)
    {
        float[] values = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        float below = values.Last(v => v < midpoint);
        float above = values.First(v => v > midpoint);
        foreach (float sign in (float[])[1, -1])
        {
            Assert.Equal(sign * zero, E2M1.Round(sign * midpoint, TieRule.Zero));
            Assert.Equal(sign * even, E2M1.Round(sign * midpoint, TieRule.Even));
            foreach (TieRule ties in Enum.GetValues<TieRule>())
            {
                Assert.Equal(sign * below, E2M1.Round(sign * MathF.BitDecrement(midpoint), ties));
                Assert.Equal(sign * above, E2M1.Round(sign * MathF.BitIncrement(midpoint), ties));
            }
        }
    }

    [Fact]
    public void Every_code_survives_decoding_and_encoding_and_negative_zero_becomes_zero()
    {
        foreach (TieRule ties in Enum.GetValues<TieRule>())
        {
            for (int code = 0; code < 16; code++)
                Assert.Equal(code == 8 ? 0 : code, E2M1.Encode(E2M1.Decode(code), ties));
        }
    }

    [Fact]
    public void Infinity_saturates_and_nan_is_zero()
    {
        foreach (TieRule ties in Enum.GetValues<TieRule>())
        {
            Assert.Equal(7, E2M1.Encode(float.PositiveInfinity, ties));
            Assert.Equal(15, E2M1.Encode(float.NegativeInfinity, ties));
            Assert.Equal(15, E2M1.Encode(float.MinValue, ties));
            Assert.Equal(0, E2M1.Encode(float.NaN, ties));
            Assert.Equal(0, E2M1.Encode(-float.NaN, ties));
        }
    }

    [Fact]
    public void Only_minus_a_quarter_under_ties_to_zero_keeps_a_sign_on_zero()
    {
        Assert.Equal(8, E2M1.Encode(-0.25f, TieRule.Zero));
        Assert.Equal(0, E2M1.Encode(-0.25f, TieRule.Even));
        Assert.Equal(0, E2M1.Encode(MathF.BitIncrement(-0.25f), TieRule.Zero));
        Assert.Equal(0, E2M1.Encode(-0f, TieRule.Zero));
        Assert.Equal(0u, BitConverter.SingleToUInt32Bits(E2M1.Decode(8)));
    }

    [Fact]
    public void Vectors_round_as_the_scalar_does_for_a_sample_of_all_bit_patterns()
    {
        var random = new Random(42);
        Span<float> lanes = stackalloc float[8];
        foreach (TieRule ties in Enum.GetValues<TieRule>())
        {
            for (int i = 0; i < 200_000; i++)
            {
                for (int lane = 0; lane < 8; lane++)
                    lanes[lane] = Pattern(random);
                Vector256<float> wide = E2M1.Round(Vector256.Create<float>(lanes), ties);
                Vector128<float> narrow = E2M1.Round(Vector128.Create<float>(lanes), ties);
                for (int lane = 0; lane < 8; lane++)
                {
                    uint expected = BitConverter.SingleToUInt32Bits(E2M1.Round(lanes[lane], ties));
                    Assert.Equal(expected, BitConverter.SingleToUInt32Bits(wide[lane]));
                    if (lane < 4)
                        Assert.Equal(expected, BitConverter.SingleToUInt32Bits(narrow[lane]));
                }
            }
        }
    }

    /// <summary>Any bits, ordinary values, or a midpoint give or take a bit.</summary>
    private static float Pattern(Random random) => random.Next(3) switch
    {
        0 => BitConverter.Int32BitsToSingle((int)random.NextInt64(1L << 32)),
        1 => (random.NextSingle() - 0.5f) * 16,
        _ => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(random.Next(-24, 25) * 0.25f) + (uint)random.Next(-1, 2)),
    };
}
