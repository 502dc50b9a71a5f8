using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public class NormTests
{
    private const float Epsilon = 1e-6f;

    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 1 }, { 3, 7, 1 }, { 2, 16, 1 }, { 5, 33, 2 }, { 120, 192, 1 }, { 301, 192, 3 }, { 9, 5120, 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Layer_normalization_equals_its_specification_to_the_last_bit(int rows, int columns, int threads)
    {
        float[] x = ScalarSpecification.Random(1, rows * columns, 10);
        float[] gain = ScalarSpecification.Random(2, columns);
        float[] bias = ScalarSpecification.Random(3, columns);
        var y = new float[x.Length];
        var plain = new float[x.Length];

        LayerNorm.Apply(new ReadOnlyMatrixView(x, rows, columns), gain, bias, Epsilon, new MatrixView(y, rows, columns), threads);
        LayerNorm.Apply(new ReadOnlyMatrixView(x, rows, columns), Epsilon, new MatrixView(plain, rows, columns), threads);

        Assert.Equal([.. x.Chunk(columns).SelectMany(row => ScalarSpecification.LayerNorm(row, gain, bias, Epsilon))], y);
        Assert.Equal([.. x.Chunk(columns).SelectMany(row => ScalarSpecification.LayerNorm(row, null, null, Epsilon))], plain);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Root_mean_square_normalization_equals_its_specification_to_the_last_bit(int rows, int columns, int threads)
    {
        float[] x = ScalarSpecification.Random(4, rows * columns, 10);
        float[] gain = ScalarSpecification.Random(5, columns);
        var y = new float[x.Length];

        RmsNorm.Apply(new ReadOnlyMatrixView(x, rows, columns), gain, Epsilon, new MatrixView(y, rows, columns), threads);

        Assert.Equal([.. x.Chunk(columns).SelectMany(row => ScalarSpecification.RmsNorm(row, gain, Epsilon))], y);
    }

    [Fact]
    public void Rows_may_lie_apart_and_results_may_replace_inputs()
    {
        const int Rows = 4, Columns = 21, Stride = 40;
        float[] x = ScalarSpecification.Random(6, Rows * Stride);
        float[] gain = ScalarSpecification.Random(7, Columns);
        float[] expected = [.. x];
        for (int row = 0; row < Rows; row++)
        {
            float[] once = ScalarSpecification.LayerNorm(x[(row * Stride)..((row * Stride) + Columns)], gain, gain, Epsilon);
            ScalarSpecification.RmsNorm(once, gain, Epsilon).CopyTo(expected, row * Stride);
        }

        var view = new MatrixView(x, Rows, Columns, Stride, 1);
        LayerNorm.Apply(view, gain, gain, Epsilon, view);
        RmsNorm.Apply(view, gain, Epsilon, view);

        Assert.Equal(expected, x);
    }

    [Fact]
    public void A_constant_row_normalizes_to_the_bias_and_not_to_nan()
    {
        float[] y = new float[20];
        LayerNorm.Apply(new ReadOnlyMatrixView([.. Enumerable.Repeat(3f, 20)], 1, 20), [.. Enumerable.Repeat(2f, 20)],
            [.. Enumerable.Repeat(-1f, 20)],
            Epsilon, new MatrixView(y, 1, 20));
        Assert.All(y, value => Assert.Equal(-1, value));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        float[] x = new float[12];
        Assert.Throws<ArgumentException>(() => LayerNorm.Apply(new ReadOnlyMatrixView(x, 3, 4), Epsilon, new MatrixView(x, 4, 3)));
        Assert.Throws<ArgumentException>(() =>
            LayerNorm.Apply(new ReadOnlyMatrixView(x, 3, 4), x.AsSpan(0, 3), x.AsSpan(0, 3), Epsilon, new MatrixView(x, 3, 4)));
        Assert.Throws<ArgumentException>(() =>
            LayerNorm.Apply(new ReadOnlyMatrixView(x, 3, 4).Transposed, Epsilon, new MatrixView(x, 4, 3)));
        Assert.Throws<ArgumentException>(() =>
            RmsNorm.Apply(new ReadOnlyMatrixView(x, 3, 4), x.AsSpan(0, 3), Epsilon, new MatrixView(x, 3, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            RmsNorm.Apply(new ReadOnlyMatrixView(x, 3, 4), x.AsSpan(0, 4), Epsilon, new MatrixView(x, 3, 4), 0));
    }
}
