using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.LinearAlgebra;

public sealed class CholeskyTests
{
    private static IEnumerable<GemmPath> Paths => Enum.GetValues<GemmPath>().Where(path => path <= Gemm.Fastest);

    /// <summary>X^T X of a few more rows than columns, plus a hundredth of its mean diagonal, as a damped Hessian is made.</summary>
    private static TestMatrix PositiveDefinite(int size, Layout layout = Layout.RowMajor)
    {
        var x = new TestMatrix(size + 8, size, Layout.RowMajor, 1);
        var h = new TestMatrix(size, size, layout, 2);
        Gemm.Multiply(x.View.Transposed, x.View, h.View);
        float mean = 0;
        for (int i = 0; i < size; i++)
            mean += h.View[i, i] / size;
        for (int i = 0; i < size; i++)
            h.View[i, i] += 0.01f * mean;
        return h;
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(5), InlineData(17), InlineData(63), InlineData(64), InlineData(65), InlineData(128),
        InlineData(129)]
    [InlineData(192), InlineData(200), InlineData(333)]
    public void The_product_of_the_factor_and_its_transpose_is_the_matrix(int size)
    {
        TestMatrix h = PositiveDefinite(size), factor = h.Copy();

        Assert.True(Cholesky.TryFactorReversed(factor.View));

        double largest = 0, error = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                double sum = 0;
                for (int k = Math.Max(i, j); k < size; k++)
                    sum += (double)factor.View[i, k] * factor.View[j, k];
                error = Math.Max(error, Math.Abs(sum - h.View[i, j]));
                largest = Math.Max(largest, Math.Abs(h.View[i, j]));
            }
        }
        Assert.InRange(error, 0, 1e-6 * largest);
    }

    [Theory]
    [InlineData(200, 1), InlineData(333, 2), InlineData(900, 3)]
    public void What_lies_below_the_band_survives(int size, int threads)
    {
        TestMatrix h = PositiveDefinite(size), expected = h.Copy();
        Assert.True(Cholesky.TryFactorReversed(expected.View));
        foreach (GemmPath path in Paths)
        {
            TestMatrix factor = h.Copy();

            Assert.True(Cholesky.TryFactor(path, factor.View, threads));

            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    if (j >= i)
                        Assert.Equal(expected.View[i, j], factor.View[i, j]);
                    else if (i - j >= Cholesky.Band)
                        Assert.Equal(h.View[i, j], factor.View[i, j]);
                }
            }
        }
    }

    [Fact]
    public void The_factor_is_upper_triangular_with_a_positive_diagonal()
    {
        TestMatrix h = PositiveDefinite(150);

        Assert.True(Cholesky.TryFactorReversed(h.View));

        for (int i = 0; i < 150; i++)
        {
            Assert.True(h.View[i, i] > 0);
            for (int j = 0; j < i; j++)
                Assert.Equal(0, BitConverter.SingleToInt32Bits(h.View[i, j]));
        }
    }

    [Fact]
    public void Only_the_upper_triangle_is_read()
    {
        TestMatrix h = PositiveDefinite(130), spoiled = h.Copy();
        for (int i = 0; i < 130; i++)
        {
            for (int j = 0; j < i; j++)
                spoiled.View[i, j] = float.NaN;
        }

        Assert.True(Cholesky.TryFactorReversed(h.View));
        Assert.True(Cholesky.TryFactorReversed(spoiled.View));

        TestMatrix.AssertSameBits(h.Storage, spoiled.Storage, "lower triangle of NaN");
    }

    [Theory, InlineData(40), InlineData(193), InlineData(300)]
    public void Paths_threads_and_layouts_change_no_bit(int size)
    {
        TestMatrix expected = PositiveDefinite(size);
        Assert.True(Cholesky.TryFactorReversed(GemmPath.Scalar, expected.View, threads: 1));
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            foreach (GemmPath path in Paths)
            {
                for (int threads = 1; threads <= 3; threads++)
                {
                    TestMatrix factor = PositiveDefinite(size, layout);

                    Assert.True(Cholesky.TryFactorReversed(path, factor.View, threads));

                    TestMatrix.AssertSameBits(expected.Storage, factor.Dense(), $"{layout} {path} on {threads} threads");
                }
            }
        }
    }

    [Fact]
    public void The_bits_are_the_same_on_every_machine()
    {
        TestMatrix h = PositiveDefinite(200);

        Assert.True(Cholesky.TryFactorReversed(h.View));

        Assert.Equal("8a823a2a8ca2620a", Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(h.Storage)))[..16]);
    }

    [Theory]
    [InlineData(0, 0f), InlineData(100, -1f), InlineData(199, float.NaN), InlineData(0, float.PositiveInfinity),
        InlineData(130, float.NegativeInfinity)]
    public void A_pivot_that_is_not_positive_and_finite_is_a_failure(int index, float value)
    {
        TestMatrix h = PositiveDefinite(200);
        h.View[index, index] = value;

        Assert.False(Cholesky.TryFactorReversed(h.View));
    }

    [Fact]
    public void A_value_off_the_diagonal_that_is_not_finite_is_a_failure()
    {
        TestMatrix h = PositiveDefinite(200);
        h.View[3, 150] = float.NaN;
        Assert.False(Cholesky.TryFactorReversed(h.View));

        h = PositiveDefinite(200);
        h.View[3, 4] = float.PositiveInfinity;
        Assert.False(Cholesky.TryFactorReversed(h.View));
    }

    [Fact]
    public void A_singular_matrix_is_a_failure()
    {
        float[] ones = new float[100 * 100];
        ones.AsSpan().Fill(1);

        Assert.False(Cholesky.TryFactorReversed(new(ones, 100, 100)));
    }

    [Fact]
    public void The_empty_matrix_is_its_own_factor() => Assert.True(Cholesky.TryFactorReversed(new([], 0, 0)));

    [Fact]
    public void A_matrix_that_is_not_square_is_refused()
    {
        float[] data = new float[12];
        Assert.Throws<ArgumentException>(() => Cholesky.TryFactorReversed(new(data, 3, 4)));
    }
}
