using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Editing;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Gating;

/// <summary>Reads a finished build from the store and checks, or updates, the gates of its manifest.</summary>
internal static class GateSession
{
    /// <summary>What can be limited of a finished build.</summary>
    public static MeasuredQuality Measure(CompileSession session, IReadOnlyList<BuiltExpert> experts) =>
        new(LayerQualities.Of(experts), LayerQualities.PerBin(experts), EvaluationHistory.FinalLatentError(session.Store, session.Plan));

    /// <summary>The build that the manifest describes, from the store alone.</summary>
    /// <exception cref="DiagnosticException">Some of it is not there (QB3320).</exception>
    public static BuiltModel Built(CompileSession session) => ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance)
        ?? throw new DiagnosticException(Descriptors.NotMeasured.At(new SourceSpan(session.Plan.Manifest.Path),
            session.Runner.Trace.Count(action => action.Outcome == ActionOutcome.Missing), session.Store.Root));

    /// <summary>Checks the gates; with a margin, updates them.</summary>
    public static GateReport Run(CompileSession session, double? margin)
    {
        QuantManifest manifest = session.Plan.Manifest;
        MeasuredQuality measured = Measure(session, Built(session).Experts);
        IReadOnlyList<GateReading> readings = GateReadings.Of(manifest.Gates, measured);
        IReadOnlyList<(Gate Gate, double Limit)> limits = margin is { } part ? GateUpdate.Limits(readings, part) : [];
        IReadOnlyList<(GateMetric Metric, double Limit)> added = margin is { } first && manifest.Gates.Thresholds.IsEmpty
            ? GateUpdate.FirstLimits(measured, first)
            : [];
        if (limits.Count + added.Count > 0)
            ManifestFile.Replace(manifest, GateUpdate.Apply(manifest.Path, ManifestFile.Read(manifest), limits, added));

        ILookup<Gate, GateReading> governed = readings.ToLookup(reading => reading.Gate);
        return new GateReport(manifest.Path, [.. manifest.Gates.Thresholds.Select(gate => new GateReport.Row(gate, governed[gate].Count(),
            governed[gate].MaxBy(reading => reading.Badness), limits.Where(entry => entry.Gate == gate)
                .Select(entry => (double?)entry.Limit).FirstOrDefault()))],
            added, margin is null ? Gates.Check(manifest.Gates, measured) : []);
    }
}
