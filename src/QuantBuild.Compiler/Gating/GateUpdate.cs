using System.Globalization;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Editing;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Gating;

/// <summary>Writes measured values with a margin into the gates of a manifest's text.</summary>
internal static class GateUpdate
{
    private const decimal Smallest = 0.000001m;

    /// <summary>The limit that measured values imply, with three significant digits, rounded away from them.</summary>
    /// <param name="metric">What was measured.</param>
    /// <param name="worst">The worst value.</param>
    /// <param name="margin">
    /// Part of the error by which the limit lies beyond it, such as 0.1; of a cosine the distance to 1 is the error.
    /// </param>
    public static double LimitFor(GateMetric metric, double worst, double margin)
    {
        if (metric != GateMetric.Cosine)
            return Math.Min(1000, (double)RoundUp((decimal)worst * (1 + (decimal)margin)));
        return Math.Max((double)Smallest, 1 - (double)RoundUp((1 - (decimal)worst) * (1 + (decimal)margin)));
    }

    /// <summary>New limits of all gates that govern something; of the others there is nothing to say.</summary>
    public static IReadOnlyList<(Gate Gate, double Limit)> Limits(IEnumerable<GateReading> readings, double margin) =>
        [.. readings.GroupBy(reading => reading.Gate)
            .Select(group => (group.Key, LimitFor(group.Key.Metric, group.MaxBy(reading => reading.Badness)!.Value, margin)))];

    /// <summary>The gates that a manifest without any gets: the two that every model can have.</summary>
    public static IReadOnlyList<(GateMetric Metric, double Limit)> FirstLimits(MeasuredQuality measured, double margin)
    {
        LayerQuality[] comparable = [.. measured.Layers.Where(layer => layer.Rtn > 0)];
        return comparable.Length == 0 ? [] :
        [
            (GateMetric.RelativeError, LimitFor(GateMetric.RelativeError, comparable.Max(layer => layer.Recipe), margin)),
            (GateMetric.ErrorVsRtn, LimitFor(GateMetric.ErrorVsRtn, comparable.Max(layer => layer.Recipe / layer.Rtn), margin)),
        ];
    }

    /// <summary>A manifest's text with other limits; all else stays byte for byte.</summary>
    /// <param name="path">The manifest's absolute path.</param>
    /// <param name="text">Its bytes.</param>
    /// <param name="limits">Limits of gates that it has.</param>
    /// <param name="added">Limits of the section itself that it has not.</param>
    internal static byte[] Apply(string path, byte[] text, IEnumerable<(Gate Gate, double Limit)> limits,
        IReadOnlyList<(GateMetric Metric, double Limit)> added)
    {
        var editor = new ManifestEditor(path, text);
        foreach ((Gate gate, double limit) in limits)
            editor.Replace(gate.Span, Text(limit));
        if (added.Count > 0)
            editor.Extend("gates", [.. added.Select(entry => $"\"{GateNames.Metric.NameOf(entry.Metric)}\": {Text(entry.Limit)}")]);
        return editor.ToText();
    }

    /// <summary>A limit as it is written.</summary>
    public static string Text(double limit) => ((decimal)limit).ToString("0.##########", CultureInfo.InvariantCulture);

    /// <summary>Up to three significant digits, and above zero.</summary>
    private static decimal RoundUp(decimal value)
    {
        if (value <= Smallest)
            return Smallest;
        decimal unit = 1;
        while (value / unit >= 1000)
            unit *= 10;
        while (value / unit < 100)
            unit /= 10;
        return Math.Ceiling(value / unit) * unit;
    }
}
