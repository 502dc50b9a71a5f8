using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Build;

/// <summary>Compares the keys of a layer's actions now with those of the build before.</summary>
internal static class Explanation
{
    /// <summary>Reports for every expert that has the layer.</summary>
    /// <exception cref="DiagnosticException">No expert has it.</exception>
    public static IReadOnlyList<WhyReport> Of(CompileSession session, string layer)
    {
        IReadOnlyList<ActionEvent> now = session.Runner.Trace;
        IReadOnlyDictionary<string, Digest> before = BuildHistory.Load(session.Store, session.Plan.Manifest.Path).Before(now);
        var graph = BuildGraph.Of(session.Plan, null, ModelBuild.SamplesOf(session.Plan));
        Dictionary<string, ActionEvent> byIdentity = now.ToDictionary(BuildHistory.IdentityOf, StringComparer.Ordinal);

        WhyReport[] reports = [.. session.Plan.Experts.SelectMany(expert => expert.Layers.Where(plan => plan.Name == layer)
            .Select(plan =>
                new WhyReport(expert.Name, layer,
                    [.. ActionsOf(graph, byIdentity, expert.Name, layer).Select(action => Compare(session.Store, action, before))])))];
        if (reports.Length > 0)
            return reports;
        throw new DiagnosticException(Descriptors.UnknownLayer.At(new SourceSpan(session.Plan.Manifest.Path), layer));
    }

    /// <summary>The actions that a layer's result depends on, and its own, in the order of stages.</summary>
    /// <param name="graph">The build's graph.</param>
    /// <param name="actions">What became of its actions.</param>
    /// <param name="expert">The layer's expert.</param>
    /// <param name="layer">The layer.</param>
    public static IEnumerable<ActionEvent> ActionsOf(BuildGraph graph, IReadOnlyDictionary<string, ActionEvent> actions, string expert,
        string layer) =>
        graph.BehindLayer(expert, layer)
        .Select(action => actions.GetValueOrDefault(BuildHistory.IdentityOf(action.Stage, action.Expert, action.Name)))
        .OfType<ActionEvent>();

    /// <summary>An action's key now against that of the build before.</summary>
    public static WhyReport.Action Compare(ContentStore store, ActionEvent now, IReadOnlyDictionary<string, Digest> before)
    {
        if (!before.TryGetValue(BuildHistory.IdentityOf(now), out Digest old))
            return new WhyReport.Action(now, IsNew: true, []);
        if (now.Key is not { } key || key == old)
            return new WhyReport.Action(now, IsNew: false, []);
        if (store.FindAction(old)?.Description is not { } oldDescription)
            return new WhyReport.Action(now, IsNew: false, [new WhyReport.Change("key", old.Short, key.Short)]);
        Dictionary<string, string> left = Parts(oldDescription);
        Dictionary<string, string> right = Parts(now.Description!);
        return new WhyReport.Action(now, IsNew: false, [.. left.Keys.Union(right.Keys).Order(StringComparer.Ordinal)
            .Select(part => new WhyReport.Change(part, left.GetValueOrDefault(part), right.GetValueOrDefault(part)))
            .Where(change => change.Before != change.After)]);
    }

    /// <summary>Leaves of a key's description, recordings of all samples as one.</summary>
    private static Dictionary<string, string> Parts(JsonObject description)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in description)
        {
            if (value is not JsonObject group)
            {
                parts[name] = value?.ToJsonString() ?? "null";
                continue;
            }
            foreach ((string leaf, JsonNode? leafValue) in group)
                parts[$"{name}.{leaf}"] = leafValue is JsonValue text && text.TryGetValue(out string? s)
                    ? Shorten(s)
                    : leafValue?.ToJsonString() ?? "null";
        }
        return parts;
    }

    private static string Shorten(string value) => Digest.TryParse(value, out Digest digest) ? digest.Short : value;
}
