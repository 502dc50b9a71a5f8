using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Finds gates that would never check anything.</summary>
internal static class GateChecks
{
    /// <summary>Patterns that match no layer, once per rule.</summary>
    public static IEnumerable<Diagnostic> Problems(GatesSection gates, ImmutableArray<ExpertPlan> experts)
    {
        string[] names = [.. experts.SelectMany(expert => expert.Layers.Select(layer => layer.Name)).Distinct()
            .Order(StringComparer.Ordinal)];
        foreach (Gate gate in gates.Thresholds.Where(gate => gate.Metric != GateMetric.FinalLatentError)
            .Where(gate =>
                !experts.Any(expert => (gate.Experts.IsEmpty || gate.Experts.Contains(expert.Name))
                    && expert.Layers.Any(layer => gate.Match.IsMatch(layer.Name))))
            .DistinctBy(gate => gate.Match))
        {
            yield return Descriptors.GateMatchesNothing.At(gate.Span, gate.Match, gate.Experts.IsEmpty
                ? "either expert"
                : string.Join(" or ", gate.Experts),
                Suggestion.Nearest(gate.Match.ToString(), names) is { } near
                    ? $"did you mean '{near}'?"
                    : $"names are like '{names.FirstOrDefault()}'");
        }
    }
}
