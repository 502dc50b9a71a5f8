using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Reporting;

/// <summary>
/// What two builds of the same thing do not share: when, where, how long, what came from the store, what changed since the build before.
/// </summary>
internal static class RunFacts
{
    /// <summary>The run record of a report. The machine is described by its kind, never by its name or paths.</summary>
    /// <param name="session">The build.</param>
    /// <param name="started">When it began.</param>
    /// <param name="executed">False when the report was made by looking at the store only.</param>
    public static JsonObject Of(CompileSession session, DateTimeOffset started, bool executed)
    {
        IReadOnlyList<ActionEvent> actions = session.Runner.Trace;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var process = Process.GetCurrentProcess();
        return new JsonObject
        {
            ["executed"] = executed,
            ["started"] = Time(started),
            ["seconds"] = Rounded.Seconds((now - started).TotalSeconds),
            ["threads"] = session.Context.Budget.Threads,
            ["processors"] = Environment.ProcessorCount,
            ["system"] = $"{RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription}",
            ["peakBytes"] = process.PeakWorkingSet64,
            ["stages"] = new JsonArray([.. BuildStages.OfBuild(actions.Any(action => action.Stage == BuildStages.Condition.Name))
                .Select(stage => (JsonNode)Of(stage, [.. actions.Where(action => action.Stage == stage.Name)]))]),
            ["layers"] = new JsonArray([.. session.Plan.Experts.Select(expert => (JsonNode)Layers(expert, actions))]),
            ["changes"] = ChangeFacts.Of(session),
        };
    }

    private static JsonObject Of(Stage stage, ActionEvent[] actions) => new JsonObject
    {
        ["name"] = stage.Name,
        ["ran"] = actions.Count(action => action.Outcome == ActionOutcome.Ran),
        ["cached"] = actions.Count(action => action.Outcome == ActionOutcome.Cached),
        ["missing"] = actions.Count(action => action.Outcome == ActionOutcome.Missing),
        ["ranSeconds"] = Seconds(actions, ActionOutcome.Ran),
        ["cachedSeconds"] = Seconds(actions, ActionOutcome.Cached),
    };

    /// <summary>
    /// Per layer in plan order: seconds of its own stages, now or when they ran once, and how many of their actions ran now.
    /// </summary>
    private static JsonArray Layers(ExpertPlan expert, IReadOnlyList<ActionEvent> actions)
    {
        ILookup<string, ActionEvent> byLayer =
            actions.Where(action => action.Expert == expert.Name
                && BuildStages.LayerChain.Any(stage => stage.Declaration.Name == action.Stage))
            .ToLookup(action => BuildGraph.LayerOf(action.Name), StringComparer.Ordinal);
        return new JsonArray([.. expert.Layers.Select(layer => (JsonNode)new JsonObject
        {
            ["seconds"] = new JsonArray([.. BuildStages.LayerChain.Select(stage =>
                Rounded.Seconds(byLayer[layer.Name].Where(action => action.Stage == stage.Declaration.Name)
                    .Sum(action => action.Seconds)))]),
            ["ran"] = byLayer[layer.Name].Count(action => action.Outcome == ActionOutcome.Ran),
            ["of"] = byLayer[layer.Name].Count(),
        })]);
    }

    private static JsonNode Seconds(ActionEvent[] actions, ActionOutcome outcome) =>
        Rounded.Seconds(actions.Where(action => action.Outcome == outcome).Sum(action => action.Seconds));

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
