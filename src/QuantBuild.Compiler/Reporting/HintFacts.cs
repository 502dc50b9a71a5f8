using System.Text.Json.Nodes;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Reporting;

/// <summary>Searches of a build that picked one value nearly everywhere.</summary>
internal static class HintFacts
{
    /// <summary>A sentence for each; what the store does not have is not counted.</summary>
    /// <param name="results">Results of the build.</param>
    /// <param name="plan">The plan.</param>
    public static JsonArray Of(RecordedResults results, Plan plan) => [.. SearchHints.Of(plan.Experts.SelectMany(expert => expert.Layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16)
        .SelectMany(layer => SearchHints.Of(layer, results.Result(BuildStages.Gptq, expert.Name, layer.Name)?.Outcome,
            Clips(results, expert, layer))))).Select(hint => (JsonNode)hint)];

    private static IEnumerable<ClipChoice> Clips(RecordedResults results, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe.Precision == Precision.W4A4
            ? expert.Bins.Where(bin => !bin.KeepsActivations)
            .Select(bin => results.Result(BuildStages.Clip, expert.Name, ClipStage.NameOf(layer, bin))?.Value)
                .OfType<ClipChoice>()
            : [];
}
