using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>How far two results of one action may lie apart where an arithmetic need not give the same bytes twice.</summary>
/// <param name="What">What is compared, for people, in the plural.</param>
/// <param name="Share">Largest difference of two figures, as a part of the larger.</param>
/// <param name="Figures">Reads the figures of a result, in a fixed order; none for a result that has nothing to compare.</param>
internal sealed record Tolerance(string What, double Share,
    Func<IBlobFiles, IReadOnlyDictionary<string, BlobRef>, IReadOnlyList<double>> Figures)
{
    /// <summary>
    /// The largest difference of two figures, as a part of the larger; infinity when one result has other figures than the other, or one
    /// that is not finite; null when neither has any.
    /// </summary>
    /// <param name="store">Has both results.</param>
    /// <param name="first">Blobs of one result by name.</param>
    /// <param name="second">Blobs of the other.</param>
    public double? Distance(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> first, IReadOnlyDictionary<string, BlobRef> second)
    {
        (IReadOnlyList<double> a, IReadOnlyList<double> b) = (Figures(store, first), Figures(store, second));
        return a.Count != b.Count ? double.PositiveInfinity
            : a.Count == 0 ? null
            : a.Zip(b, Difference).Max();
    }

    private static double Difference(double a, double b) => a.Equals(b) ? 0
        : !double.IsFinite(a) || !double.IsFinite(b) ? double.PositiveInfinity
        : Math.Abs(a - b) / Math.Max(Math.Abs(a), Math.Abs(b));
}
