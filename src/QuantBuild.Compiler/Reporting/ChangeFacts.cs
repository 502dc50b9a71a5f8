using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Reporting;

/// <summary>What this build did differently from the one before it on this machine, layer by layer, with the errors before.</summary>
internal static class ChangeFacts
{
    /// <summary>The changes; null when no earlier build is remembered.</summary>
    public static JsonObject? Of(CompileSession session)
    {
        IReadOnlyList<ActionEvent> now = session.Runner.Trace;
        BuildHistory history = BuildHistory.Load(session.Store, session.Plan.Manifest.Path);
        IReadOnlyDictionary<string, Digest> before = history.Before(now);
        if (before.Count == 0)
            return null;
        var layers = new JsonArray();
        var graph = BuildGraph.Of(session.Plan, null, ModelBuild.SamplesOf(session.Plan));
        Dictionary<string, ActionEvent> byIdentity = now.ToDictionary(BuildHistory.IdentityOf, StringComparer.Ordinal);
        for (int expert = 0; expert < session.Plan.Experts.Length; expert++)
        {
            ExpertPlan plan = session.Plan.Experts[expert];
            for (int layer = 0; layer < plan.Layers.Length; layer++)
            {
                ActionEvent[] actions = [.. Explanation.ActionsOf(graph, byIdentity, plan.Name, plan.Layers[layer].Name)];
                if (Of(session.Store, plan, plan.Layers[layer], actions, before) is not { } change)
                    continue;
                change["expert"] = expert;
                change["layer"] = layer;
                layers.Add(change);
            }
        }
        return new JsonObject { ["layers"] = layers };
    }

    private static JsonObject? Of(ContentStore store, ExpertPlan expert, LayerPlan layer, IReadOnlyList<ActionEvent> actions,
        IReadOnlyDictionary<string, Digest> before)
    {
        string measure = BuildHistory.IdentityOf(BuildStages.Measure, expert.Name, layer.Name);
        bool wasQuantized = before.TryGetValue(measure, out Digest key);
        ActionEvent[] changed =
            [.. actions.Where(action => action.Key is null || before.GetValueOrDefault(BuildHistory.IdentityOf(action)) != action.Key)];
        bool isKept = layer.Recipe.Precision == Precision.BF16;
        if (isKept ? !wasQuantized : changed.Length == 0)
            return null;
        var json = new JsonObject
        {
            ["stages"] = new JsonArray([.. changed.Select(action => action.Stage).Distinct().Select(stage => (JsonNode)stage)]),
            ["why"] = isKept ? "kept at bf16 now" : wasQuantized
                ? Why(Explanation.Compare(store, changed[0], before))
                : "quantized now, was kept at bf16",
        };
        if (wasQuantized && store.FindAction(key) is { } record && record.Stage == BuildStages.Measure.Name)
            json["before"] = LayerFacts.Totals(BuildStages.Measure.Read(store, record.Outputs).Value);
        return json;
    }

    /// <summary>The settings that changed, or else the inputs: of a first changed action these are what a person changed.</summary>
    private static string Why(WhyReport.Action action)
    {
        if (action.IsNew)
            return $"a new {action.Now.Stage} action";
        WhyReport.Change[] settings = [.. action.Changes.Where(change => change.Part.StartsWith("options.", StringComparison.Ordinal))];
        return settings.Length > 0
            ? string.Join(", ",
                settings.Select(change => $"{change.Part["options.".Length..]}: {change.Before ?? "none"} → {change.After ?? "none"}"))
            : string.Join(", ", action.Changes.Select(change => Plainly(change.Part)).Distinct());
    }

    private static string Plainly(string part) => part.Split('.') switch
    {
        ["inputs", "recording", ..] => "calibration recordings",
        ["inputs", "expert", ..] => "the checkpoint's weights",
        ["inputs", "sample", ..] => "a calibration sample",
        ["inputs", "weight", ..] => "the layer's weight",
        ["inputs", var name, ..] => name,
        ["version"] => "the stage's algorithm",
        _ => part,
    };
}
