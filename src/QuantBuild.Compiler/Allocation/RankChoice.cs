using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Allocation;

/// <summary>
/// Ranks of layers under one budget of bytes: the least sum of the roots of the layers' relative errors, with no layer much worse than it
/// would be without a choice.
/// </summary>
/// <remarks>
/// <para>The sum of the errors themselves thinks of the layers with large errors alone. Their product has no minimum to speak of:
/// logarithms of errors fall about linearly with the rank, so that it would give a few layers everything. Roots lie between.</para>
/// <para>Curves are convex but for noise, so that the walk along their hulls (<see cref="OptionChoice"/>) is optimal but for its last
/// step.</para>
/// </remarks>
internal static class RankChoice
{
    /// <summary>Parts of the starting rank in which ranks are given.</summary>
    private const int Parts = 8;

    /// <summary>How far a layer's squared error may rise above what it has at its start.</summary>
    private const double MostRise = 1.15;

    /// <summary>The ranks at which a layer's errors are worth measuring: from half the start to four times as much, by doubling.</summary>
    /// <param name="start">The rank that the layer has where nothing is chosen.</param>
    /// <param name="most">The most that its shape allows.</param>
    public static ImmutableArray<int> Measured(int start, int most) =>
        [.. new[] { start / 2, start, 2 * Math.Max(start, 1), 4 * Math.Max(start, 1) }.Select(rank => Math.Min(rank, most)).Distinct()
            .Order()];

    /// <summary>Chooses.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="bytes">Most bytes of all their tensors.</param>
    /// <returns>A rank for each; null when even the least ranks take more.</returns>
    public static ImmutableArray<int>? Of(IReadOnlyList<RankCurve> layers, long bytes)
    {
        LayerOptions[] options = [.. layers.Select((layer, i) => new LayerOptions("", $"{i}", [.. Ranks(layer).Select(rank =>
            new LayerOption(Precision.W4A4, rank, layer.Points.IsEmpty ? 0 : Math.Sqrt(Math.Sqrt(layer.LossAt(rank))),
                layer.Bytes + (rank * layer.BytesPerRank), 0))]))];
        return OptionChoice.Of(options, new Budget(bytes, null, 0)) is { } chosen
            ? [.. chosen.Select((option, i) => options[i].Options[option].Rank)]
            : null;
    }

    /// <summary>Ranks of a layer to choose from, its start first.</summary>
    private static IEnumerable<int> Ranks(RankCurve layer)
    {
        if (layer.Points.IsEmpty)
            return [layer.Start];
        int step = Math.Max(1, layer.Start / Parts), first = layer.Points[0].Rank, last = layer.Points[^1].Rank;
        double most = MostRise * layer.LossAt(layer.Start);
        return Enumerable.Range(0, ((last - first) / step) + 1).Select(i => first + (i * step)).Append(last)
            .Where(rank => layer.LossAt(rank) <= most).Prepend(layer.Start).Distinct();
    }
}
