using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Quality thresholds; null is no threshold.</summary>
/// <param name="MaxRelativeError">Highest relative output error of any layer.</param>
/// <param name="MaxErrorVsRtn">Highest ratio of a layer's error to that of plain round-to-nearest.</param>
/// <param name="MaxRelativeErrorSpan">Place of the first.</param>
/// <param name="MaxErrorVsRtnSpan">Place of the second.</param>
public sealed record GatesSection(double? MaxRelativeError, double? MaxErrorVsRtn, SourceSpan MaxRelativeErrorSpan, SourceSpan MaxErrorVsRtnSpan);
