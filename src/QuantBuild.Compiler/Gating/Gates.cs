using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Gating;

/// <summary>Holds measured quality against the gates of a manifest: what is beyond one is reported at the manifest's line.</summary>
internal static class Gates
{
    /// <summary>Values reported per gate, the worst first: a gate that all layers miss is one mistake, not 800.</summary>
    private const int Shown = 5;

    /// <summary>Every value beyond its gate as a diagnostic, warnings before errors, in manifest order.</summary>
    public static IReadOnlyList<Diagnostic> Check(GatesSection gates, MeasuredQuality measured)
    {
        GateReading[] exceeded = [.. GateReadings.Of(gates, measured).Where(reading => reading.IsExceeded)];
        HashSet<object> failed = [.. exceeded.Where(reading => reading.Gate.Severity == Severity.Error).Select(PlaceOf)];
        return [.. exceeded.Where(reading => reading.Gate.Severity == Severity.Error || !failed.Contains(PlaceOf(reading)))
            .GroupBy(reading => reading.Gate)
            .OrderBy(group => group.Key.Severity == Severity.Error ? 1 : 0).ThenBy(group => gates.Thresholds.IndexOf(group.Key))
            .SelectMany(group => Describe([.. group.OrderByDescending(reading => reading.Badness)]))];
    }

    /// <summary>Reports warnings and fails on errors.</summary>
    /// <exception cref="DiagnosticException">A gate with severity <c>error</c> is exceeded; all such values are in it.</exception>
    public static void Enforce(GatesSection gates, MeasuredQuality measured, Action<Diagnostic> warn)
    {
        IReadOnlyList<Diagnostic> found = Check(gates, measured);
        foreach (Diagnostic warning in found.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Warning))
            warn(warning);
        Diagnostic[] errors = [.. found.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Error)];
        if (errors.Length > 0)
            throw new DiagnosticException(errors);
    }

    private static object PlaceOf(GateReading reading) => (reading.Gate.Metric, reading.Expert, reading.Layer, reading.Bin);

    private static IEnumerable<Diagnostic> Describe(GateReading[] readings)
    {
        for (int i = 0; i < Math.Min(Shown, readings.Length); i++)
        {
            string more = i == Shown - 1 && readings.Length > Shown
                ? string.Create(CultureInfo.InvariantCulture, $"; {readings.Length - Shown} more are beyond it")
                : "";
            Gate gate = readings[i].Gate;
            yield return DescriptorOf(gate).At(gate.Span, readings[i].Subject, Text(readings[i].Value), Text(gate.Limit), more);
        }
    }

    private static string Text(double value) =>
        value.ToString(value is > 0.99 and < 1 ? "0.000000" : "0.####", CultureInfo.InvariantCulture);

    private static DiagnosticDescriptor DescriptorOf(Gate gate) => (gate.Metric, gate.Severity) switch
    {
        (GateMetric.RelativeError, Severity.Error) => Descriptors.GateRelativeError,
        (GateMetric.RelativeError, _) => Descriptors.GateRelativeErrorWarning,
        (GateMetric.ErrorVsRtn, Severity.Error) => Descriptors.GateErrorVsRtn,
        (GateMetric.ErrorVsRtn, _) => Descriptors.GateErrorVsRtnWarning,
        (GateMetric.Cosine, Severity.Error) => Descriptors.GateCosine,
        (GateMetric.Cosine, _) => Descriptors.GateCosineWarning,
        (GateMetric.FinalLatentError, Severity.Error) => Descriptors.GateFinalLatent,
        _ => Descriptors.GateFinalLatentWarning,
    };
}
