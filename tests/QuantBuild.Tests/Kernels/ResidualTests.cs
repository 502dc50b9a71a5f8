using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public class ResidualTests
{
    [Theory]
    [InlineData(3, 5, 1)]
    [InlineData(120, 192, 1)]
    [InlineData(400, 133, 3)]
    public void Branches_are_added_with_one_rounding(int rows, int columns, int threads)
    {
        float[] x = ScalarSpecification.Random(1, rows * columns);
        float[] delta = ScalarSpecification.Random(2, rows * columns);
        float[] gate = ScalarSpecification.Random(3, columns);
        float[] sum = [.. x], gated = [.. x];

        Residual.Add(new MatrixView(sum, rows, columns), new ReadOnlyMatrixView(delta, rows, columns), threads);
        Residual.AddGated(new MatrixView(gated, rows, columns), new ReadOnlyMatrixView(delta, rows, columns), gate, threads);

        Assert.Equal([.. x.Select((value, i) => value + delta[i])], sum);
        Assert.Equal([.. x.Select((value, i) => MathF.FusedMultiplyAdd(delta[i], gate[i % columns], value))], gated);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        float[] x = new float[12];
        Assert.Throws<ArgumentException>(() => Residual.Add(new MatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 4, 3)));
        Assert.Throws<ArgumentException>(() => Residual.AddGated(new MatrixView(x, 3, 4), new ReadOnlyMatrixView(x, 3, 4), x.AsSpan(0, 3)));
    }
}
