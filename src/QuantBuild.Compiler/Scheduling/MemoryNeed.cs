using System.Globalization;
using QuantBuild.Compiler.Diagnostics;

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
        return Descriptors.MemoryLimitTooSmall.At(null, name, ByteText.Of(bytes), Others(oversized), ByteText.Of(budget.Bytes),
            LimitFor(bytes));
    }

    /// <summary>
    /// Refuses a strict budget that the largest work does not fit. Asked before a sample is run: nobody wants to hear of it after the hours
    /// of calibration.
    /// </summary>
    /// <param name="budget">The budget.</param>
    /// <param name="needs">Names of all work, and the bytes that each needs alone.</param>
    /// <exception cref="DiagnosticException">Some do not fit (QB3211).</exception>
    public static void RequireAll(WorkBudget budget, IEnumerable<(string Name, long Bytes)> needs)
    {
        if (!budget.IsStrict)
            return;
        Dictionary<string, long> oversized = needs.Where(work => work.Bytes > budget.Bytes)
            .ToDictionary(work => work.Name, work => work.Bytes, StringComparer.Ordinal);
        if (oversized.Count > 0)
            throw new DiagnosticException(TooSmall(budget, oversized));
    }

    private static (string Name, long Bytes) Largest(IReadOnlyDictionary<string, long> oversized)
    {
        KeyValuePair<string, long> largest = oversized.MaxBy(work => work.Value);
        return (largest.Key, largest.Value);
    }

    private static string Others(IReadOnlyDictionary<string, long> oversized) =>
        oversized.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", and {oversized.Count - 1} others need too much");

    /// <summary>A limit as the option takes it, rounded up.</summary>
    private static string LimitFor(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(ProcessMemory.LimitFor(bytes) >> 20) + 1}MiB");
}
