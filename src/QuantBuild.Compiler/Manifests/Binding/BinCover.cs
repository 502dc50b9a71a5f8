using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>
/// Checks that the bins of an expert have distinct names and cover its range, from high noise to low noise, exactly once.
/// </summary>
internal static class BinCover
{
    /// <summary>Reports every fault.</summary>
    /// <param name="bins">The bins in manifest order; not empty.</param>
    /// <param name="top">The expert's highest timestep.</param>
    /// <param name="bottom">The expert's lowest timestep.</param>
    /// <param name="values">Receives the faults.</param>
    public static void Check(ImmutableArray<BinSection> bins, int top, int bottom, ValueBinder values)
    {
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (BinSection bin in bins.Where(bin => !lines.TryAdd(bin.Name, bin.Span.Line)))
            values.Report(Descriptors.BinNameRepeated, bin.Span, bin.Name, lines[bin.Name]);

        BinSection first = bins[0];
        BinSection last = bins[^1];
        if (bins.FirstOrDefault(bin => bin.AreTimesteps != first.AreTimesteps) is { } odd)
        {
            values.Report(Descriptors.BinsMixed, odd.Span, odd.Name, KindOf(odd), KindOf(first));
            return;
        }

        // No sampler ever asks for timestep 1000 itself, so a range may also start at 999.
        bool starts = first.AreTimesteps
            ? first.From == top || (top == ModelSection.MaxTimestep && first.From == top - 1)
            : first.From == 0;
        if (!starts)
            values.Report(Descriptors.BinsNotCovering, first.Span, first.Name, "starts", first.From, "start at", first.AreTimesteps
                ? top
                : 0);
        if (last.To != (last.AreTimesteps ? bottom : 1))
            values.Report(Descriptors.BinsNotCovering, last.Span, last.Name, "ends", last.To, "end at", last.AreTimesteps ? bottom : 1);
        for (int i = 1; i < bins.Length; i++)
            CheckSeam(bins[i - 1], bins[i], values);
    }

    private static void CheckSeam(BinSection before, BinSection after, ValueBinder values)
    {
        double distance = after.AreTimesteps ? before.To - 1 - after.From : after.From - before.To;
        if (distance != 0)
        {
            values.Report(distance < 0 ? Descriptors.BinsOverlap : Descriptors.BinsGap, after.Span,
                after.Name, after.From, before.Name, before.To);
        }
    }

    private static string KindOf(BinSection bin) => bin.AreTimesteps ? "timesteps" : "fractions";
}
