using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Reporting;

/// <summary>Gathers a report from the results that a build's actions left in the store, whether they ran now or long ago.</summary>
internal static class ReportCollector
{
    /// <summary>Gathers everything; results that are missing are noted in the report.</summary>
    /// <param name="session">The build; all its actions have been asked for.</param>
    /// <param name="started">When it began.</param>
    /// <param name="executed">False when nothing was executed and the store was only looked at.</param>
    /// <param name="published">The artifact, if it was pulled instead of built.</param>
    public static BuildReport Collect(CompileSession session, DateTimeOffset started, bool executed, FinishedArtifact? published = null)
    {
        var results = new RecordedResults(session.Stores, session.Runner.Trace, published);
        return new BuildReport(Data(session, results), RunFacts.Of(session, started, executed),
            EvaluationHistory.Load(session.Store, session.Plan)?.ToPage(PlanDigest.Of(session.Plan)));
    }

    private static JsonObject Data(CompileSession session, RecordedResults results)
    {
        Plan plan = session.Plan;
        var recipes = new RecipeList();
        JsonArray experts = [.. session.Sources.Select(source => ExpertFacts.Of(results, session.Context, source, recipes))];
        return new JsonObject
        {
            ["format"] = BuildReport.Format,
            ["name"] = plan.Manifest.Name,
            ["architecture"] = plan.Manifest.Model.Architecture.Name,
            ["tool"] = ToolVersion.Text,
            ["profile"] = plan.Profiles.ToString(),
            ["profiles"] = plan.Profiles.Names.ToJson(),
            ["plan"] = PlanDigest.Of(plan).ToString(),
            ["manifest"] = Path.GetFileName(plan.Manifest.Path),
            ["layout"] = RecipeNames.Layout.NameOf(plan.Manifest.Output.Layout),
            ["calibration"] = Calibration(plan),
            ["gates"] = GateFacts.Of(results, plan),
            ["methods"] = new JsonArray([.. LayerErrors.Methods.Select(method => (JsonNode)method)]),
            ["modules"] = new JsonArray([.. WanLayers.Names.Select(name => (JsonNode)name)]),
            ["sites"] = new JsonArray([.. WanLayers.Sites.Select(site => (JsonNode)WanLayers.NameOf(site))]),
            ["places"] = SiteFacts.PlacesJson,
            ["recipes"] = recipes.ToJson(),
            ["experts"] = experts,
            ["hints"] = HintFacts.Of(results, plan),
            ["warnings"] = new JsonArray([.. plan.Warnings.Select(warning => (JsonNode)$"{warning.Descriptor.Code}: {warning.Message}")]),
            ["missing"] =
                new JsonArray(
                    [.. results.Missing.Select(gap => (JsonNode)new JsonObject { ["stage"] = gap.Stage, ["count"] = gap.Count })]),
        };
    }

    /// <summary>What sampling the largest calibration sample takes beside the weights; null where only recordings are known.</summary>
    private static JsonNode? SamplingBytes(Plan plan)
    {
        if (plan.Manifest.Calibration.Activations is not null)
            return null;
        return SampleSet.Of(plan.Manifest).Shapes().Max(shape => SamplingCost.Bytes(plan.LargestConfig, shape, threads: 1));
    }

    private static JsonObject Calibration(Plan plan)
    {
        CalibrationSection section = plan.Manifest.Calibration;
        return new JsonObject
        {
            ["samples"] = section.Samples,
            ["solver"] = RecipeNames.Solver.NameOf(section.Solver),
            ["steps"] = section.Steps,
            ["shift"] = section.Shift,
            ["boundary"] = plan.Calibration.Boundary,
            ["guidanceHigh"] = section.GuidanceHigh,
            ["guidanceLow"] = section.GuidanceLow,
            ["tokensPerStep"] = section.TokensPerStep,
            ["samplingBytes"] = SamplingBytes(plan),
        };
    }
}
