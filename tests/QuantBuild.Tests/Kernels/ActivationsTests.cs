using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public class ActivationsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(15, 1)]
    [InlineData(1024, 1)]
    [InlineData(1041, 1)]
    [InlineData(100_003, 3)]
    public void Gelu_and_silu_equal_their_specifications_to_the_last_bit(int count, int threads)
    {
        float[] x = ScalarSpecification.Random(1, count, 12);
        var gelu = new float[count];
        float[] silu = [.. x];

        Activations.GeluTanh(x, gelu, threads);
        Activations.Silu(silu, silu);

        Assert.Equal([.. x.Select(ScalarSpecification.Gelu)], gelu);
        Assert.Equal([.. x.Select(ScalarSpecification.Silu)], silu);
    }

    [Fact]
    public void Gelu_and_silu_are_accurate_to_float_precision()
    {
        for (double x = -12; x <= 12; x += 0.01)
        {
            float value = (float)x;
            double u = Math.Sqrt(2 / Math.PI) * (value + (0.044715 * Math.Pow(value, 3)));
            Assert.Equal(value / (1 + Math.Exp(-2 * u)), ScalarSpecification.Gelu(value), 1e-6 * Math.Max(1, Math.Abs(x)));
            Assert.Equal(value / (1 + Math.Exp(-value)), ScalarSpecification.Silu(value), 1e-6 * Math.Max(1, Math.Abs(x)));
        }
    }

    [Fact]
    public void Large_arguments_saturate_and_nan_stays()
    {
        float[] y = new float[5];
        Activations.GeluTanh([1e30f, -1e30f, 0, float.NaN, -100], y);
        Assert.Equal([1e30f, 0, 0, float.NaN, 0], y);
    }

    [Fact]
    public void No_elements_are_fine_and_different_lengths_are_not()
    {
        Activations.GeluTanh([], []);
        Assert.Throws<ArgumentException>(() => Activations.Silu(new float[3], new float[4]));
    }
}
