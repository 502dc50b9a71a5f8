using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>What is told of work that is larger than a budget.</summary>
internal static class MemoryNeed
{
    /// <summary>That it ran alone (QB3208).</summary>
    public static Diagnostic RanAlone(WorkBudget budget, IReadOnlyDictionary<string, long> oversized)
    {
        (string name, long bytes) = Largest(oversized);
        return Descriptors.MemoryLimitExceeded.At(null, name, ByteText.Of(bytes), Others(oversized), ByteText.Of(budget.Bytes));
    }

    /// <summary>That it was refused, and the least limit that it fits (QB3211).</summary>
    public static Diagnostic TooSmall(WorkBudget budget, IReadOnlyDictionary<string, long> oversized)
    {
        (string name, long bytes) = Largest(oversized);
        return Descriptors.MemoryLimitTooSmall.At(null, name, ByteText.Of(bytes), Others(oversized), ByteText.Of(budget.Bytes), LimitFor(bytes));
    }

    /// <summary>
    /// Refuses a strict budget that the largest layer or sample does not fit. Asked before a sample is run: nobody wants to hear of it after the hours
    /// of calibration.
    /// </summary>
    /// <param name="context">The build.</param>
    /// <param name="samples">Names of the samples, and the bytes that each needs.</param>
    /// <exception cref="DiagnosticException">Some do not fit (QB3211).</exception>
    public static void RequireAll(BuildContext context, IEnumerable<(string Name, long Bytes)> samples)
    {
        if (!context.Budget.IsStrict)
            return;
        IEnumerable<(string Name, long Bytes)> layers = context.Plan.Experts.SelectMany(expert => expert.Layers
            .Where(layer => layer.Recipe.Precision != Precision.BF16)
            .Select(layer => ($"{expert.Name} {layer.Name}", WorkingSets.Of(context.Plan, expert, layer, Stage.LowRank, threads: 1))));
        Dictionary<string, long> oversized = layers.Concat(samples).Where(work => work.Bytes > context.Budget.Bytes).ToDictionary(work => work.Name, work => work.Bytes, StringComparer.Ordinal);
        if (oversized.Count > 0)
            throw new DiagnosticException(TooSmall(context.Budget, oversized));
    }

    private static (string Name, long Bytes) Largest(IReadOnlyDictionary<string, long> oversized)
    {
        KeyValuePair<string, long> largest = oversized.MaxBy(work => work.Value);
        return (largest.Key, largest.Value);
    }

    private static string Others(IReadOnlyDictionary<string, long> oversized) =>
        oversized.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", and {oversized.Count - 1} others need too much");

    /// <summary>A limit as the option takes it, rounded up.</summary>
    private static string LimitFor(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{(WorkingSets.LimitFor(bytes) >> 20) + 1}MiB");
}
