using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How gates are spelled in a manifest.</summary>
internal static class GateNames
{
    /// <summary>Keys of the thresholds.</summary>
    public static NamedValues<GateMetric> Metric { get; } =
        new(("maxRelativeError", GateMetric.RelativeError), ("maxErrorVsRtn", GateMetric.ErrorVsRtn),
        ("minCosine", GateMetric.Cosine), ("maxFinalLatentError", GateMetric.FinalLatentError));

    /// <summary>Values of <c>severity</c>.</summary>
    public static NamedValues<Severity> Severity { get; } =
        new(("error", Diagnostics.Severity.Error), ("warning", Diagnostics.Severity.Warning));
}
