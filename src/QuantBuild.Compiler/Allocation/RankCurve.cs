using System.Collections.Immutable;

namespace QuantBuild.Compiler.Allocation;

/// <summary>What a layer's branch brings and costs by its rank.</summary>
/// <param name="Start">The rank that the layer has where nothing is chosen.</param>
/// <param name="Bytes">Bytes of the layer's tensors without a branch.</param>
/// <param name="BytesPerRank">Bytes of a rank.</param>
/// <param name="Points">Errors at a few ranks, ascending; empty where none could be measured.</param>
internal sealed record RankCurve(int Start, long Bytes, long BytesPerRank, ImmutableArray<RankCurve.Point> Points)
{
    /// <summary>A rank that was tried.</summary>
    /// <param name="Rank">The rank.</param>
    /// <param name="Loss">The squared output error as a part of the squared output.</param>
    public readonly record struct Point(int Rank, double Loss);

    // The logarithm of nothing at all.
    private const double Least = 1e-300;

    /// <summary>
    /// The squared relative error at a rank between the first and the last that were tried: straight lines between their logarithms.
    /// </summary>
    /// <param name="rank">The rank.</param>
    public double LossAt(int rank)
    {
        int after = 0;
        while (after < Points.Length - 1 && Points[after].Rank < rank)
            after++;
        Point high = Points[after], low = Points[Math.Max(0, after - 1)];
        double part = high.Rank > low.Rank ? (double)(rank - low.Rank) / (high.Rank - low.Rank) : 1;
        return Math.Exp(((1 - part) * Math.Log(Math.Max(low.Loss, Least))) + (part * Math.Log(Math.Max(high.Loss, Least))));
    }
}
