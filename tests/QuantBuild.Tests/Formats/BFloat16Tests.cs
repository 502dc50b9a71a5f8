using QuantBuild.Formats;

namespace QuantBuild.Tests.Formats;

public sealed class BFloat16Tests
{
    [Fact]
    public void Every_bfloat16_survives_the_way_to_float_and_back()
    {
        ushort[] all = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        var floats = new float[all.Length];
        var back = new ushort[all.Length];

        BFloat16.ToSingle(all, floats);
        BFloat16.FromSingle(floats, back);

        for (int i = 0; i < all.Length; i++)
            Assert.Equal(float.IsNaN(floats[i]) ? 0x7FC0 : all[i], back[i]);
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // tie, even below
    [InlineData(0x3F818000u, 0x3F82)] // tie, even above
    [InlineData(0x3F808001u, 0x3F81)]
    [InlineData(0x3F807FFFu, 0x3F80)]
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest float rounds to infinity
    [InlineData(0xFF800000u, 0xFF80)]
    [InlineData(0x80000001u, 0x8000)]
    public void Rounding_is_to_nearest_with_ties_to_even(uint bits, int expected) =>
        Assert.Equal(expected, BFloat16.FromSingle(BitConverter.UInt32BitsToSingle(bits)));

    [Fact]
    public void Spans_of_any_length_convert_as_single_values_do()
    {
        var random = new Random(42);
        for (int length = 0; length < 70; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => BitConverter.Int32BitsToSingle((int)random.NextInt64(1L << 32)))];
            var rounded = new ushort[length];
            var widened = new float[length];

            BFloat16.FromSingle(values, rounded);
            BFloat16.ToSingle(rounded, widened);

            Assert.Equal(values.Select(BFloat16.FromSingle), rounded);
            Assert.Equal(rounded.Select(b => BitConverter.SingleToUInt32Bits(BFloat16.ToSingle(b))),
                widened.Select(BitConverter.SingleToUInt32Bits));
        }
    }

    [Fact]
    public void Different_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => BFloat16.ToSingle(new ushort[3], new float[4]));
        Assert.Throws<ArgumentException>(() => BFloat16.FromSingle(new float[3], new ushort[2]));
    }
}
