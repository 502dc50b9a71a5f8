using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.LinearAlgebra;

public sealed class OrthonormalizationTests
{
    private const int Rows = 1100;
    private const int Columns = 16;

    private static TallMatrix Random(Action<float[], int> change)
    {
        float[] values = TestMatrix.Values(Rows * Columns, 1);
        for (int row = 0; row < Rows; row++)
            change(values, row * Columns);
        return TallMatrix.From(values, Rows, Columns);
    }

    private static void AssertFactors(TallMatrix y, TallMatrix q, double[] r, params int[] zeroColumns)
    {
        double[] gram = q.Gram(threads: 1);
        TallMatrix product = q.Times(r, Columns, threads: 1);
        for (int i = 0; i < Columns; i++)
        {
            for (int j = 0; j < Columns; j++)
                Assert.Equal(i == j && !zeroColumns.Contains(i) ? 1 : 0, gram[(i * Columns) + j], 1e-13);
        }
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
                Assert.Equal(y[i, j], product[i, j], 1e-6);
        }
    }

    [Fact]
    public void Independent_columns_become_orthonormal()
    {
        TallMatrix y = Random((_, _) => { });

        (TallMatrix q, double[] r) = Orthonormalization.Factor(Random((_, _) => { }), threads: 1);

        AssertFactors(y, q, r);
    }

    [Fact]
    public void Columns_that_differ_little_become_orthonormal()
    {
        static void Squeeze(float[] values, int row)
        {
            for (int j = 1; j < Columns; j++)
                values[row + j] = values[row] + (values[row + j] * 1e-4f);
        }
        TallMatrix y = Random(Squeeze);

        (TallMatrix q, double[] r) = Orthonormalization.Factor(Random(Squeeze), threads: 1);

        AssertFactors(y, q, r);
    }

    [Fact]
    public void Dependent_columns_become_zero_and_the_others_orthonormal()
    {
        static void Repeat(float[] values, int row)
        {
            values[row + 3] = values[row] + values[row + 1];
            values[row + 9] = 0;
            values[row + 15] = values[row + 3];
        }
        TallMatrix y = Random(Repeat);

        (TallMatrix q, double[] r) = Orthonormalization.Factor(Random(Repeat), threads: 1);

        AssertFactors(y, q, r, 3, 9, 15);
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        (TallMatrix q, double[] r) = Orthonormalization.Factor(Random((_, _) => { }), threads: 1);

        (TallMatrix other, double[] otherR) = Orthonormalization.Factor(Random((_, _) => { }), threads: 3);

        Assert.Equal(q.Data, other.Data);
        Assert.Equal(r, otherR);
    }
}
