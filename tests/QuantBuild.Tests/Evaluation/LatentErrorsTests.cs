using QuantBuild.Compiler.Evaluation;

namespace QuantBuild.Tests.Evaluation;

public sealed class LatentErrorsTests
{
    private static readonly float[][] Full = [[3, 4], [0, 5]];

    [Fact]
    public void The_spread_is_that_of_means_over_samples()
    {
        // Distances 1 and 0 of norms 5: a mean of 0.1. Then 2 and 1: 0.3.
        LatentErrors errors = LatentErrors.Of([Full, Full], [[[3, 5], [0, 5]], [[3, 6], [0, 6]]]);

        Assert.Equal(0.2, errors.Error, 12);
        Assert.Equal(0.2 / Math.Sqrt(2), errors.Spread!.Value, 12);
        Assert.InRange(errors.Cosine, 0.97, 1);
    }

    [Fact]
    public void One_run_has_no_spread() => Assert.Null(LatentErrors.Of([Full], [Full]).Spread);
}
