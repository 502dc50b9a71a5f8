using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The section <c>overrides</c>.</summary>
internal static class OverrideBinder
{
    /// <summary>All overrides in order. An empty list is fine: it says that there are none.</summary>
    public static ImmutableArray<OverrideSection> Bind(ObjectBinder manifest)
    {
        ValueBinder values = manifest.Values;
        if (values.As<ManifestArray>(manifest.Find("overrides"), "overrides", "a list") is not { } list)
            return [];
        return [.. list.Items.Select((item, i) => One(item, $"overrides[{i}]", values)).OfType<OverrideSection>()];
    }

    private static OverrideSection? One(ManifestNode node, string path, ValueBinder values)
    {
        if (values.Object(node, path, ManifestKeys.Override) is not { } section)
            return null;
        string? match = values.Text(section.Require("match"), section.PathOf("match"));
        if (match is not null && !LayerPattern.TryParse(match, out _, out string? fault))
            values.Report(Descriptors.PatternInvalid, section.SpanOf("match"), match, fault);
        RecipePatch patch = RecipeBinder.Bind(section, section.Object("weights", ManifestKeys.Weights));
        if (patch.Spans.IsEmpty)
            values.Report(Descriptors.OverrideEmpty, section.Span);
        return new OverrideSection(match ?? "", Experts(section), patch, section.SpanOf("match"));
    }

    /// <summary>The list <c>experts</c> of an override or another rule; empty for both experts.</summary>
    public static ImmutableArray<string> Experts(ObjectBinder section)
    {
        ValueBinder values = section.Values;
        string path = section.PathOf("experts");
        if (values.Items(section.Find("experts"), path) is not { } items)
            return [];
        var experts = ImmutableArray.CreateBuilder<string>();
        foreach (ManifestNode item in items)
        {
            if (values.Text(item, path) is not { } name)
                continue;
            if (!ExpertNames.All.Contains(name))
                values.Report(Descriptors.UnknownExpert, item.Span, name, Suggestion.For(name, ExpertNames.All, "the experts"));
            else if (experts.Contains(name))
                values.Report(Descriptors.RepeatedEntry, item.Span, path, name);
            else
                experts.Add(name);
        }
        return experts.ToImmutable();
    }
}
