using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Gating;

/// <summary>Pairs measured values with the gates that hold for them.</summary>
internal static class GateReadings
{
    /// <summary>
    /// Every value that a gate governs. Of the gates that govern one value with one metric, the last error and the last warning hold: a
    /// later rule replaces an earlier one, and a warning may stand before an error.
    /// </summary>
    public static IReadOnlyList<GateReading> Of(GatesSection gates, MeasuredQuality measured)
    {
        var readings = new List<GateReading>();
        foreach (LayerQuality layer in measured.Layers)
        {
            readings.AddRange(Last(gates.Thresholds.Where(gate => gate.Governs(layer.Expert, layer.Layer)))
                .SelectMany(gate => Read(gate, layer.Expert, layer.Layer, null, layer.Rtn, layer.Recipe, layer.Cosine)));
        }
        foreach (BinQuality bin in measured.Bins)
        {
            readings.AddRange(Last(gates.Thresholds.Where(gate => gate.Governs(bin.Expert, bin.Layer, bin.Bin)))
                .SelectMany(gate => Read(gate, bin.Expert, bin.Layer, bin.Bin, bin.Rtn, bin.Recipe, bin.Cosine)));
        }
        if (measured.FinalLatentError is { } latent)
            readings.AddRange(gates.Thresholds.Where(gate => gate.Metric == GateMetric.FinalLatentError)
                .Select(gate => new GateReading(gate, null, null, null, latent)));
        return readings;
    }

    private static IEnumerable<Gate> Last(IEnumerable<Gate> gates) =>
        gates.GroupBy(gate => (gate.Metric, gate.Severity)).Select(group => group.Last());

    private static IEnumerable<GateReading> Read(Gate gate, string expert, string layer, string? bin, double rtn, double recipe,
        double cosine)
    {
        // Where rounding to nearest is exact there is nothing to be compared with.
        if (gate.Metric != GateMetric.ErrorVsRtn || rtn > 0)
            yield return new GateReading(gate, expert, layer, bin, gate.Metric switch
            {
                GateMetric.RelativeError => recipe,
                GateMetric.ErrorVsRtn => recipe / rtn,
                GateMetric.Cosine => cosine,
                _ => throw new ArgumentOutOfRangeException(nameof(gate)),
            });
    }
}
