using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.LinearAlgebra;

public sealed class TruncatedSvdTests
{
    private static (float[] Values, int Rows, int Columns) Golden(SafeTensorsFile file, string name)
    {
        TensorInfo info = file.Tensors[name];
        return (file.ReadFloat32(name), (int)info.Shape[0], info.Shape.Count > 1 ? (int)info.Shape[1] : 1);
    }

    private static float[] Product(LowRankFactors factors, int rows, int columns)
    {
        var product = new float[rows * columns];
        Gemm.Multiply(new(factors.Up, rows, factors.Rank), new(factors.Down, factors.Rank, columns), new(product, rows, columns));
        return product;
    }

    private static double Residual(ReadOnlySpan<float> w, LowRankFactors factors, int rows, int columns)
    {
        float[] product = Product(factors, rows, columns);
        double sum = 0;
        for (int i = 0; i < w.Length; i++)
            sum += Math.Pow((double)w[i] - product[i], 2);
        return Math.Sqrt(sum);
    }

    private static double Norm(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += (double)value * value;
        return Math.Sqrt(sum);
    }

    /// <summary>A matrix that is the product of two thin random ones.</summary>
    private static float[] OfRank(int rank, int rows, int columns)
    {
        var w = new float[rows * columns];
        Gemm.Multiply(new(TestMatrix.Values(rows * rank, 1), rows, rank), new(TestMatrix.Values(rank * columns, 2), rank, columns),
            new(w, rows, columns));
        return w;
    }

    private static string Digest(LowRankFactors factors) => Convert.ToHexStringLower(SHA256.HashData(
        MemoryMarshal.AsBytes<float>([.. factors.Up, .. factors.Down, .. factors.SingularValues])))[..16];

    [Theory, InlineData(0, 8), InlineData(0, 16), InlineData(1, 8), InlineData(1, 16)]
    public void The_exact_product_and_values_are_the_golden_ones(int index, int rank)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("lowrank.safetensors"));
        (float[] w, int rows, int columns) = Golden(golden, $"case.{index}.w");
        (float[] expected, _, _) = Golden(golden, $"case.{index}.rank{rank}.fp32");
        (float[] values, _, _) = Golden(golden, $"case.{index}.singular_values");

        LowRankFactors factors = TruncatedSvd.Exact(new(w, rows, columns), rank);

        float[] product = Product(factors, rows, columns);
        float largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(Math.Abs(product[i] - expected[i]), 0, 1e-5f * largest);
        for (int k = 0; k < rank; k++)
            Assert.InRange(factors.SingularValues[k], values[k] * (1 - 1e-5f), values[k] * (1 + 1e-5f));
    }

    [Theory, InlineData(1e-2), InlineData(1e-3), InlineData(1e-4)]
    public void The_randomized_residual_is_within_the_tolerance_of_the_golden_optimum(double tolerance)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("lowrank.safetensors"));
        for (int index = 0; index < 2; index++)
        {
            (float[] w, int rows, int columns) = Golden(golden, $"case.{index}.w");
            (float[] values, _, _) = Golden(golden, $"case.{index}.singular_values");
            foreach (int rank in (int[])[1, 8, 16])
            {
                double optimum = Norm(values.AsSpan(rank));
                for (ulong seed = 0; seed < 5; seed++)
                {
                    double residual = Residual(w, TruncatedSvd.Randomized(new(w, rows, columns), rank, seed, tolerance), rows, columns);

                    Assert.InRange(residual, optimum * (1 - 1e-6), optimum * (1 + tolerance));
                }
            }
        }
    }

    [Theory, InlineData(4), InlineData(20), InlineData(40)]
    public void A_flat_spectrum_too_is_approximated_within_the_tolerance(int rank)
    {
        const int Rows = 210, Columns = 260;
        float[] w = TestMatrix.Values(Rows * Columns, 3);
        double optimum = Residual(w, TruncatedSvd.Exact(new(w, Rows, Columns), rank), Rows, Columns);
        foreach (double tolerance in (double[])[1e-2, 1e-3, 1e-4])
        {
            double residual = Residual(w, TruncatedSvd.Randomized(new(w, Rows, Columns), rank, 7, tolerance), Rows, Columns);

            Assert.InRange(residual, optimum * (1 - 1e-6), optimum * (1 + tolerance));
        }
    }

    [Theory, InlineData(4, 210, 260), InlineData(20, 210, 260), InlineData(40, 300, 130), InlineData(8, 150, 150)]
    public void The_excess_reported_is_an_upper_bound_on_the_true_one(int rank, int rows, int columns)
    {
        for (int kind = 0; kind < 3; kind++)
        {
            // A flat spectrum, one that falls slowly, and one that falls and then is flat.
            float[] w = TestMatrix.Values(rows * columns, 20 + kind);
            for (int i = 0; kind > 0 && i < w.Length; i++)
                w[i] *= kind == 1 ? 1f / (1 + (i % columns)) : i % columns < rank + 3 ? 3 : 1;
            double optimum = Residual(w, TruncatedSvd.Exact(new(w, rows, columns), rank), rows, columns);
            foreach (double tolerance in (double[])[1e-1, 1e-2, 1e-3, 1e-4])
            {
                LowRankFactors factors = TruncatedSvd.Randomized(new(w, rows, columns), rank, 11, tolerance);

                double excess = (Residual(w, factors, rows, columns) / optimum) - 1;
                Assert.InRange(excess, -1e-6, factors.Excess + 1e-6);
                Assert.InRange(factors.Excess, 0, tolerance);
            }
        }
    }

    [Theory, InlineData(70, 50), InlineData(50, 70), InlineData(64, 64), InlineData(1, 9), InlineData(9, 1), InlineData(130, 3)]
    public void With_all_singular_values_the_product_is_the_matrix(int rows, int columns)
    {
        float[] w = TestMatrix.Values(rows * columns, 4);

        LowRankFactors factors = TruncatedSvd.Exact(new(w, rows, columns), Math.Min(rows, columns));

        Assert.InRange(Residual(w, factors, rows, columns), 0, 1e-6 * Norm(w));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Both_factors_are_orthogonal_with_the_singular_values_as_squared_lengths(bool randomized)
    {
        const int Rows = 120, Columns = 170, Rank = 12;
        float[] w = TestMatrix.Values(Rows * Columns, 5);

        LowRankFactors factors = randomized
            ? TruncatedSvd.Randomized(new(w, Rows, Columns), Rank, 1)
            : TruncatedSvd.Exact(new(w, Rows, Columns), Rank);

        float[] left = new float[Rank * Rank], right = new float[Rank * Rank];
        Gram.Accumulate(new(factors.Up, Rows, Rank), new(left, Rank, Rank));
        Gram.Accumulate(new ReadOnlyMatrixView(factors.Down, Rank, Columns).Transposed, new(right, Rank, Rank));
        for (int i = 0; i < Rank; i++)
        {
            Assert.True(i == 0 || factors.SingularValues[i] <= factors.SingularValues[i - 1]);
            for (int j = 0; j < Rank; j++)
            {
                float expected = i == j ? factors.SingularValues[i] : 0;
                Assert.InRange(left[(i * Rank) + j] - expected, -1e-5f * factors.SingularValues[0], 1e-5f * factors.SingularValues[0]);
                Assert.InRange(right[(i * Rank) + j] - expected, -1e-5f * factors.SingularValues[0], 1e-5f * factors.SingularValues[0]);
            }
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_largest_component_of_every_left_vector_is_positive(bool randomized)
    {
        const int Rows = 90, Columns = 80, Rank = 10;
        float[] w = TestMatrix.Values(Rows * Columns, 6);
        float[] negative = [.. w.Select(value => -value)];
        foreach (float[] matrix in (float[][])[w, negative])
        {
            LowRankFactors factors = randomized
                ? TruncatedSvd.Randomized(new(matrix, Rows, Columns), Rank, 1)
                : TruncatedSvd.Exact(new(matrix, Rows, Columns), Rank);

            for (int k = 0; k < Rank; k++)
                Assert.True(Enumerable.Range(0, Rows).Select(i => factors.Up[(i * Rank) + k]).MaxBy(Math.Abs) > 0);
        }
    }

    [Fact]
    public void Threads_and_layouts_change_no_bit_and_the_seed_does()
    {
        const int Rows = 900, Columns = 130;
        var w = new TestMatrix(Rows, Columns, Layout.RowMajor, 7);
        string expected = Digest(TruncatedSvd.Randomized(w.View, 16, 1));
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            var copy = new TestMatrix(Rows, Columns, layout, 8);
            for (int i = 0; i < Rows; i++)
            {
                for (int j = 0; j < Columns; j++)
                    copy.View[i, j] = w.View[i, j];
            }
            for (int threads = 1; threads <= 3; threads++)
                Assert.Equal(expected, Digest(TruncatedSvd.Randomized(copy.View, 16, 1, threads: threads)));
        }
        Assert.NotEqual(expected, Digest(TruncatedSvd.Randomized(w.View, 16, 2)));
    }

    [Fact]
    public void The_bits_are_the_same_on_every_machine()
    {
        float[] w = TestMatrix.Values(200 * 110, 9);

        Assert.Equal("fa7dfa87e0c85cf6", Digest(TruncatedSvd.Randomized(new(w, 200, 110), 8, 42, 1e-2)));
        Assert.Equal("009b51a80dd456b8", Digest(TruncatedSvd.Exact(new(w, 60, 55), 8)));
        Assert.Equal("b47acde66f1f57fe", Digest(TruncatedSvd.Randomized(new(OfRank(5, 80, 70), 80, 70), 8, 42, 1e-2)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_matrix_of_lower_rank_is_reproduced_and_the_rest_is_nearly_nothing(bool randomized)
    {
        const int Rows = 150, Columns = 120;
        float[] w = OfRank(5, Rows, Columns);

        LowRankFactors factors = randomized
            ? TruncatedSvd.Randomized(new(w, Rows, Columns), 9, 1)
            : TruncatedSvd.Exact(new(w, Rows, Columns), 9);

        Assert.InRange(Residual(w, factors, Rows, Columns), 0, 1e-6 * Norm(w));
        Assert.All(factors.SingularValues[5..], value => Assert.InRange(value, 0, 1e-6f * factors.SingularValues[0]));
        Assert.All(factors.Up.Concat(factors.Down), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void The_zero_matrix_has_zero_factors()
    {
        float[] zeros = new float[100 * 90];

        foreach (LowRankFactors factors in (LowRankFactors[])[TruncatedSvd.Exact(new(zeros, 100, 90), 4),
            TruncatedSvd.Randomized(new(zeros, 100, 90), 4, 1)])
        {
            Assert.Equal(100 * 4, factors.Up.Length);
            Assert.Equal(4 * 90, factors.Down.Length);
            Assert.All([.. factors.Up, .. factors.Down, .. factors.SingularValues], value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void A_rank_above_the_number_of_singular_values_ends_in_zeros()
    {
        const int Rows = 5, Columns = 9, Rank = 8;
        float[] w = TestMatrix.Values(Rows * Columns, 10);

        foreach (LowRankFactors factors in (LowRankFactors[])[TruncatedSvd.Exact(new(w, Rows, Columns), Rank),
            TruncatedSvd.Randomized(new(w, Rows, Columns), Rank, 1)])
        {
            Assert.Equal(Rank, factors.Rank);
            Assert.InRange(Residual(w, factors, Rows, Columns), 0, 1e-6 * Norm(w));
            Assert.All(factors.Down[(5 * Columns)..], value => Assert.Equal(0, value));
            Assert.All(factors.SingularValues[5..], value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void Rank_zero_and_empty_matrices_have_empty_factors()
    {
        float[] w = TestMatrix.Values(12, 11);

        Assert.Empty(TruncatedSvd.Exact(new(w, 3, 4), 0).Up);
        Assert.Empty(TruncatedSvd.Randomized(new(w, 3, 4), 0, 1).Down);
        LowRankFactors factors = TruncatedSvd.Exact(new([], 0, 4), 2);
        Assert.Empty(factors.Up);
        Assert.Equal(new float[8], factors.Down);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity), InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_refused(float value)
    {
        float[] w = TestMatrix.Values(100 * 100, 12);
        w[4321] = value;

        Assert.Throws<ArgumentException>(() => TruncatedSvd.Exact(new(w, 100, 100), 4));
        Assert.Throws<ArgumentException>(() => TruncatedSvd.Randomized(new(w, 100, 100), 4, 1));
    }

    [Fact]
    public void A_product_that_overflows_is_refused()
    {
        float[] w = new float[100 * 100];
        w.AsSpan().Fill(1e38f);

        Assert.Throws<ArithmeticException>(() => TruncatedSvd.Randomized(new(w, 100, 100), 4, 1));
    }

    [Fact]
    public void A_negative_rank_and_a_tolerance_of_zero_are_refused()
    {
        float[] w = TestMatrix.Values(12, 13);

        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Exact(new(w, 3, 4), -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Randomized(new(w, 3, 4), -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Randomized(new(w, 3, 4), 1, 1, tolerance: 0));
    }
}
