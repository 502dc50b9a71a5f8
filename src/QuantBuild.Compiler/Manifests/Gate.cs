using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>One threshold.</summary>
/// <param name="Metric">What is measured.</param>
/// <param name="Limit">The largest value allowed; the smallest for <see cref="GateMetric.Cosine"/>.</param>
/// <param name="Severity">What a value beyond it is.</param>
/// <param name="Match">Layers it governs.</param>
/// <param name="Experts">Experts it governs; empty means both.</param>
/// <param name="Bins">Bins whose own errors it governs, <c>*</c> for each; empty for the error over all bins of a layer.</param>
/// <param name="Span">Place of the limit.</param>
internal sealed record Gate(GateMetric Metric, double Limit, Severity Severity, LayerPattern Match, ImmutableArray<string> Experts,
    ImmutableArray<string> Bins, SourceSpan Span)
{
    /// <summary>Stands for each bin in <see cref="Bins"/>.</summary>
    public const string EachBin = "*";

    /// <summary>Whether it governs every layer of both experts over all bins.</summary>
    public bool IsGeneral => Match.ToString() == "*" && Experts.IsEmpty && Bins.IsEmpty;

    /// <summary>Whether a layer's error over all bins is governed.</summary>
    public bool Governs(string expert, string layer) => Bins.IsEmpty && Concerns(expert, layer);

    /// <summary>Whether a layer's error in a bin is governed.</summary>
    public bool Governs(string expert, string layer, string bin) =>
        (Bins.Contains(bin) || Bins.Contains(EachBin)) && Concerns(expert, layer);

    /// <summary>Whether a value is beyond the limit.</summary>
    public bool IsExceededBy(double value) => Metric == GateMetric.Cosine ? value < Limit : value > Limit;

    private bool Concerns(string expert, string layer) =>
        Metric != GateMetric.FinalLatentError && (Experts.IsEmpty || Experts.Contains(expert)) && Match.IsMatch(layer);
}
