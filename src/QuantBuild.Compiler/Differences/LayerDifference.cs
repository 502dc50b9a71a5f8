using System.Collections.Immutable;

namespace QuantBuild.Compiler.Differences;

/// <summary>A layer that two builds make differently.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Changes">Settings that differ or, where none do, inputs that differ.</param>
/// <param name="FirstResult">The first result that differs, where neither settings nor inputs tell why; else null.</param>
/// <param name="ErrorBefore">Relative output error before: 0 for a kept layer, null when it is not known.</param>
/// <param name="ErrorAfter">The same after.</param>
internal sealed record LayerDifference(string Expert, string Layer, ImmutableArray<LayerDifference.Change> Changes, string? FirstResult,
    double? ErrorBefore, double? ErrorAfter)
{
    /// <summary>Bytes of its tensors before; null when they are not known.</summary>
    public long? BytesBefore { get; init; }

    /// <summary>The same after.</summary>
    public long? BytesAfter { get; init; }

    /// <summary>How much larger the error is after; null when one of the two is not known.</summary>
    public double? ErrorChange => ErrorAfter - ErrorBefore;

    /// <summary>Why the layer differs, for people.</summary>
    public string Why =>
        Changes.IsEmpty
        ? $"{FirstResult} differs"
        : string.Join(", ", Changes.Select(change => $"{change.Part}: {change.Before} → {change.After}"));

    /// <summary>A setting or an input with two values.</summary>
    /// <param name="Part">Its name.</param>
    /// <param name="Before">Its value before.</param>
    /// <param name="After">Its value after.</param>
    public readonly record struct Change(string Part, string Before, string After);
}
