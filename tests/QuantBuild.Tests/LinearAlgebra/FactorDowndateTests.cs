using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Matrices;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.Tests.LinearAlgebra;

public class FactorDowndateTests
{
    // More than one block of columns and of rows, and no whole number of either.
    private const int Size = 203;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(17)]
    public void Its_factors_make_the_difference(int rank)
    {
        float[] hessian = RandomData.Hessian(RandomData.Tokens(3, 900, Size), Size), rows = Rows(hessian, rank);

        (float[] matrix, double[]? pivots) = Run(hessian, rows, threads: 1);

        Assert.NotNull(pivots);
        double largest = 0, scale = Enumerable.Range(0, Size).Max(i => hessian[i * (Size + 1)]);
        for (int i = 0; i < Size; i++)
        {
            for (int j = i; j < Size; j++)
            {
                double expected = hessian[(i * Size) + j], product = 0;
                for (int r = 0; r < rank; r++)
                    expected -= (double)rows[(r * Size) + i] * rows[(r * Size) + j];
                for (int k = j; k < Size; k++)
                    product += Factor(matrix, i, k) * pivots[k] * Factor(matrix, j, k);
                largest = Math.Max(largest, Math.Abs(expected - product));
            }
        }
        Assert.InRange(largest, 0, 2e-6 * scale);
    }

    [Fact]
    public void Threads_change_no_bit_and_the_first_factor_stays()
    {
        float[] hessian = RandomData.Hessian(RandomData.Tokens(3, 900, Size), Size), rows = Rows(hessian, 9);

        (float[] one, double[]? first) = Run(hessian, rows, threads: 1);
        (float[] four, double[]? second) = Run(hessian, rows, threads: 4);
        (float[] untouched, _) = Run(hessian, new float[Size], threads: 1);

        Assert.Equal(one, four);
        Assert.Equal(first!, second!);
        for (int i = 0; i < Size; i++)
        {
            Assert.Equal(untouched.AsSpan((i * Size) + i, Size - i), one.AsSpan((i * Size) + i, Size - i));
            for (int k = i + 1; k < Size; k++)
                Assert.Equal(untouched[(i * Size) + k], untouched[(k * Size) + i]);
        }
    }

    [Fact]
    public void What_is_no_longer_positive_definite_has_no_factors()
    {
        float[] hessian = RandomData.Hessian(RandomData.Tokens(3, 900, Size), Size);
        float[] rows = [.. Rows(hessian, 2).Select(value => 1.01f * value)];

        Assert.Null(Run(hessian, rows, threads: 1).Pivots);
    }

    private static double Factor(float[] matrix, int row, int column) => row == column ? 1 : matrix[(column * Size) + row];

    /// <summary>Directions of almost all the energy that the matrix has along some vectors: <c>a H / sqrt(a H a^T)</c>.</summary>
    private static float[] Rows(float[] hessian, int rank)
    {
        float[] rows = new float[rank * Size];
        for (int r = 0; r < rank; r++)
        {
            // Vectors that do not meet: each lives on channels of its own.
            double energy = 0;
            double[] product = new double[Size];
            for (int i = 0; i < Size; i++)
            {
                for (int j = r; j < Size; j += rank)
                    product[i] += hessian[(i * Size) + j];
            }
            for (int j = r; j < Size; j += rank)
                energy += product[j];
            for (int i = 0; i < Size; i++)
                rows[(r * Size) + i] = (float)(product[i] / Math.Sqrt(energy * (rank == 1 ? 1.01 : rank == 2 ? 1 : 1.01 * rank)));
        }
        return rows;
    }

    private static (float[] Matrix, double[]? Pivots) Run(float[] hessian, float[] rows, int threads)
    {
        float[] matrix = [.. hessian];
        Assert.True(Cholesky.TryFactorReversed(RandomData.Matrix(matrix, Size)));
        var pivots = new double[Size];
        for (int k = 0; k < Size; k++)
        {
            double root = matrix[k * (Size + 1)];
            pivots[k] = root * root;
            for (int i = 0; i <= k; i++)
                matrix[(i * Size) + k] = (float)(matrix[(i * Size) + k] / root);
        }
        double[]? changed = FactorDowndate.TryRun(RandomData.Matrix(matrix, Size), pivots,
            new ReadOnlyMatrixView(rows, rows.Length / Size, Size), threads, TestContext.Current.CancellationToken);
        return (matrix, changed);
    }
}
