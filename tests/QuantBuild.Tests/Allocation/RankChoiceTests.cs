using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;

namespace QuantBuild.Tests.Allocation;

public sealed class RankChoiceTests
{
    [Fact]
    public void Bytes_go_where_errors_fall_fastest_and_the_budget_holds()
    {
        RankCurve steep = Curve(0.1, 0.05), flat = Curve(0.1, 0.005), large = Curve(0.1, 0.05) with { BytesPerRank = 200 };
        RankCurve[] layers = [steep, flat, large];
        long budget = Bytes(layers, [16, 16, 16]);

        ImmutableArray<int> ranks = RankChoice.Of(layers, budget)!.Value;

        Assert.True(ranks[0] > 16 && ranks[1] < 16 && ranks[0] > ranks[2], string.Join(' ', ranks));
        Assert.InRange(Bytes(layers, ranks), budget - 400, budget);
        Assert.True(layers.Zip(ranks).Sum(pair => Math.Pow(pair.First.LossAt(pair.Second), 0.25))
            < layers.Sum(layer => Math.Pow(layer.LossAt(16), 0.25)));
    }

    [Fact]
    public void No_layer_gives_so_much_that_its_squared_error_rises_by_more_than_15_percent()
    {
        // Every layer would like to give everything to one that loses almost all of its error.
        RankCurve[] layers = [Curve(1, 0.2), .. Enumerable.Range(0, 9).Select(_ => Curve(0.001, 0.05))];

        ImmutableArray<int> ranks = RankChoice.Of(layers, Bytes(layers, [.. layers.Select(_ => 16)]))!.Value;

        Assert.True(ranks[0] > 30, string.Join(' ', ranks));
        Assert.All(layers.Zip(ranks), pair => Assert.True(pair.First.LossAt(pair.Second) <= 1.15 * pair.First.LossAt(16)));
        Assert.Contains(ranks, rank => rank is < 16 and >= 12);
    }

    [Fact]
    public void A_layer_without_a_curve_keeps_its_rank_and_a_budget_below_the_least_is_none()
    {
        RankCurve[] layers = [Curve(0.1, 0.05), Curve(0.1, 0.05) with { Points = [] }];

        Assert.Equal([16, 16], RankChoice.Of(layers, Bytes(layers, [16, 16]))!.Value);
        Assert.Null(RankChoice.Of(layers, 100));
    }

    [Fact]
    public void Between_ranks_that_were_tried_logarithms_lie_on_lines()
    {
        var curve = new RankCurve(2, 0, 1, [new(1, 8), new(2, 4), new(4, 1)]);

        Assert.Equal([8, 4, 2, 1], Enumerable.Range(1, 4).Select(curve.LossAt).Select(loss => Math.Round(loss, 12)));
        Assert.Equal([8, 16, 32, 64], RankChoice.Measured(16, 192));
        Assert.Equal([8, 16, 20], RankChoice.Measured(16, 20));
        Assert.Equal([0, 2, 4], RankChoice.Measured(0, 192));
    }

    private static RankCurve Curve(double loss, double slope) => new(16, 1000, 100,
        [.. RankChoice.Measured(16, 1000).Select(rank => new RankCurve.Point(rank, loss * Math.Exp(-slope * rank)))]);

    private static long Bytes(IReadOnlyList<RankCurve> layers, ImmutableArray<int> ranks) =>
        layers.Zip(ranks).Sum(pair => pair.First.Bytes + (pair.Second * pair.First.BytesPerRank));
}
