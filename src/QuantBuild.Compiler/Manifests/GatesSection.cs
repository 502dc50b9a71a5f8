using System.Collections.Immutable;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The section <c>gates</c>: thresholds of measured quality.</summary>
/// <param name="Thresholds">
/// All thresholds, those of the section itself before those of its rules. Of the thresholds that govern one measured value, with one metric
/// and one severity, the last one holds.
/// </param>
internal sealed record GatesSection(ImmutableArray<Gate> Thresholds);
