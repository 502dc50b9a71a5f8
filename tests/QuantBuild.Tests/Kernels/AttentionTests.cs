using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public class AttentionTests
{
    [Theory]
    [InlineData(1, 1, 1, 2, 1)]
    [InlineData(5, 17, 2, 16, 1)]
    [InlineData(120, 64, 3, 192, 1)]
    [InlineData(40, 40, 3, 96, 2)]
    [InlineData(130, 5000, 1, 2, 1)]
    [InlineData(130, 5000, 1, 2, 2)]
    public void Attention_equals_its_specification_to_the_last_bit(int queries, int keys, int heads, int channels, int threads)
    {
        float[] q = ScalarSpecification.Random(1, queries * channels, 4);
        float[] k = ScalarSpecification.Random(2, keys * channels, 4);
        float[] v = ScalarSpecification.Random(3, keys * channels);
        var output = new float[q.Length];

        Attention.Apply(new ReadOnlyMatrixView(q, queries, channels), new ReadOnlyMatrixView(k, keys, channels),
            new ReadOnlyMatrixView(v, keys, channels),
            heads, new MatrixView(output, queries, channels), threads);

        Assert.Equal(ScalarSpecification.Attention(q, k, v, heads, channels), output);
    }

    [Fact]
    public void Equal_keys_average_the_values()
    {
        float[] output = new float[2];
        Attention.Apply(new ReadOnlyMatrixView([5, -3], 1, 2), new ReadOnlyMatrixView([1, 1, 1, 1, 1, 1, 1, 1], 4, 2),
            new ReadOnlyMatrixView([1, 2, 3, 4, 5, 6, 7, 8], 4, 2), 1, new MatrixView(output, 1, 2));
        Assert.Equal([4, 5], output);
    }

    [Fact]
    public void Scores_far_apart_do_not_overflow()
    {
        float[] output = new float[2];
        Attention.Apply(new ReadOnlyMatrixView([1e18f, 0], 1, 2), new ReadOnlyMatrixView([1e18f, 0, -1e18f, 0], 2, 2),
            new ReadOnlyMatrixView([1, 2, 3, 4], 2, 2), 1, new MatrixView(output, 1, 2));
        Assert.Equal([1, 2], output);
    }

    [Fact]
    public void A_nan_in_one_query_stays_in_its_row()
    {
        float[] q = [1, 2, float.NaN, 1, 0, 1];
        float[] k = [1, 0, 0, 1];
        float[] output = new float[6];
        Attention.Apply(new ReadOnlyMatrixView(q, 3, 2), new ReadOnlyMatrixView(k, 2, 2), new ReadOnlyMatrixView(k, 2, 2), 1,
            new MatrixView(output, 3, 2));
        Assert.Equal([false, false, true, true, false, false], output.Select(float.IsNaN));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        float[] x = new float[12];
        Assert.Throws<ArgumentException>(() =>
            Attention.Apply(new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 4, 3), new ReadOnlyMatrixView(x, 3, 4), 1,
                new MatrixView(x, 3, 4)));
        Assert.Throws<ArgumentException>(() =>
            Attention.Apply(new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 2, 4), 1,
                new MatrixView(x, 3, 4)));
        Assert.Throws<ArgumentException>(() =>
            Attention.Apply(new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), 3,
                new MatrixView(x, 3, 4)));
        Assert.Throws<ArgumentException>(() =>
            Attention.Apply(new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), 1,
                new MatrixView(x, 2, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Attention.Apply(new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), 0,
                new MatrixView(x, 3, 4)));
    }
}
