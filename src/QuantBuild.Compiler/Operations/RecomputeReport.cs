using System.Collections.Immutable;

namespace QuantBuild.Compiler.Operations;

/// <summary>Result of executing cached actions again and comparing what they make.</summary>
/// <param name="Checked">Results that were made again and compared.</param>
/// <param name="Total">Results of the build that can be compared.</param>
/// <param name="Different">Those that differ, as "stage expert name".</param>
internal sealed record RecomputeReport(int Checked, int Total, IReadOnlyList<string> Different)
{
    /// <summary>
    /// Of those checked, how many have other bytes and figures within their stage's tolerance; only of an arithmetic that is not bit exact.
    /// </summary>
    public int WithinTolerance { get; init; }

    /// <summary>The largest difference of those, as a part of the larger figure; 0 for none.</summary>
    public double LargestDistance { get; init; }

    /// <summary>Whether all stages of the build have bit-exact arithmetic, so that bytes alone were compared.</summary>
    public bool IsBitExact { get; init; } = true;

    /// <summary>Of those checked, how many have the same bytes.</summary>
    public int SameBytes => Checked - WithinTolerance - Different.Count;

    /// <summary>How many actions of the build cannot be compared, by stage; empty where the arithmetic is bit exact.</summary>
    public ImmutableSortedDictionary<string, int> NotComparable { get; init; } = ImmutableSortedDictionary<string, int>.Empty;
}
