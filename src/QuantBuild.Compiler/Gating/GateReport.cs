using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Gating;

/// <summary>The gates of a manifest against what the last build measured.</summary>
/// <param name="Manifest">Path of the manifest.</param>
/// <param name="Rows">Every gate, in manifest order.</param>
/// <param name="Added">Gates that an update added.</param>
/// <param name="Beyond">What is beyond a gate, as a build would report it; after an update nothing is.</param>
internal sealed record GateReport(string Manifest, IReadOnlyList<GateReport.Row> Rows,
    IReadOnlyList<(GateMetric Metric, double Limit)> Added,
    IReadOnlyList<Diagnostic> Beyond)
{
    /// <summary>One gate.</summary>
    /// <param name="Gate">The gate as it was.</param>
    /// <param name="Governed">How many values it governs.</param>
    /// <param name="Worst">The worst of them; null when it governs none.</param>
    /// <param name="NewLimit">What an update made of its limit; null without an update.</param>
    public sealed record Row(Gate Gate, int Governed, GateReading? Worst, double? NewLimit);
}
