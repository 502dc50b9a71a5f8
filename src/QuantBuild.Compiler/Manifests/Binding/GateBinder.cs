using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The section <c>gates</c>: thresholds of every layer, and rules with thresholds of some.</summary>
/// <param name="experts">Both experts, whose bins the rules may name.</param>
internal sealed class GateBinder(ImmutableArray<ExpertSection> experts)
{
    private static readonly Interval Threshold = new(0, 1000, AboveMin: true);
    private static readonly Interval Cosine = new(0, 1, AboveMin: true);
    private static readonly LayerPattern EveryLayer = LayerPattern.TryParse("*", out LayerPattern? all, out _)
        ? all
        : throw new InvalidOperationException();
    private static readonly GateMetric[] OfLayers = [GateMetric.RelativeError, GateMetric.ErrorVsRtn, GateMetric.Cosine];

    /// <summary>All thresholds; none when the section is left out.</summary>
    public GatesSection Bind(ObjectBinder manifest)
    {
        if (manifest.Object("gates", ManifestKeys.Gates) is not { } gates)
            return new GatesSection([]);
        IEnumerable<Gate> thresholds = Thresholds(gates, [.. OfLayers, GateMetric.FinalLatentError], EveryLayer, [], []);
        ValueBinder values = manifest.Values;
        if (values.As<ManifestArray>(gates.Find("rules"), gates.PathOf("rules"), "a list") is { } rules)
            thresholds = thresholds.Concat(rules.Items.SelectMany((item, i) => Rule(item, $"gates.rules[{i}]", values)));
        return new GatesSection([.. thresholds]);
    }

    private Gate[] Rule(ManifestNode node, string path, ValueBinder values)
    {
        if (values.Object(node, path, ManifestKeys.GateRule) is not { } rule)
            return [];
        LayerPattern? match = EveryLayer;
        if (rule.Text("match") is { } text && !LayerPattern.TryParse(text, out match, out string? fault))
            values.Report(Descriptors.PatternInvalid, rule.SpanOf("match"), text, fault);
        ImmutableArray<string> named = OverrideBinder.Experts(rule);
        Gate[] thresholds = [.. Thresholds(rule, OfLayers, match ?? EveryLayer, named, Bins(rule, named))];
        if (!OfLayers.Any(metric => rule.Has(GateNames.Metric.NameOf(metric))))
            values.Report(Descriptors.GateRuleEmpty, rule.Span, string.Join(", ", OfLayers.Select(GateNames.Metric.NameOf)));
        return thresholds;
    }

    private static IEnumerable<Gate> Thresholds(ObjectBinder section, GateMetric[] metrics, LayerPattern match,
        ImmutableArray<string> experts, ImmutableArray<string> bins)
    {
        Severity severity = section.Choice("severity", GateNames.Severity) ?? Severity.Error;
        foreach (GateMetric metric in metrics)
        {
            string key = GateNames.Metric.NameOf(metric);
            if (section.Number(key, metric == GateMetric.Cosine ? Cosine : Threshold) is { } limit)
                yield return new Gate(metric, limit, severity, match, experts, bins, section.SpanOf(key));
        }
    }

    private ImmutableArray<string> Bins(ObjectBinder rule, ImmutableArray<string> named)
    {
        ValueBinder values = rule.Values;
        string path = rule.PathOf("bins");
        if (values.Items(rule.Find("bins"), path) is not { } items)
            return [];
        HashSet<string> known = [.. experts.Where(expert => named.IsEmpty || named.Contains(expert.Name))
            .SelectMany(expert => expert.Bins.Select(bin => bin.Name))];
        var bins = new HashSet<string>(StringComparer.Ordinal);
        foreach (ManifestNode item in items)
        {
            if (values.Text(item, path) is not { } name)
                continue;
            if (name != Gate.EachBin && !known.Contains(name))
                values.Report(Descriptors.GateBinUnknown, item.Span, name, Suggestion.For(name, known, "the bins"));
            else if (!bins.Add(name))
                values.Report(Descriptors.RepeatedEntry, item.Span, path, name);
        }
        return [.. bins];
    }
}
