using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>Chooses the ranks that the manifest leaves to a budget, by the curves of all layers.</summary>
internal static class RankResolution
{
    /// <summary>Whether a plan has such layers.</summary>
    public static bool IsNeeded(Plan plan) => plan.Experts.Any(expert => expert.Layers.Any(layer => layer.StartRank is not null));

    /// <summary>The plan with chosen ranks; null when the runner only looks and a curve is missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="observer">Follows the work.</param>
    public static Plan? Resolve(BuildContext context, IReadOnlyList<ExpertSource> sources, IBuildObserver observer)
    {
        using Recordings calibrated = ModelBuild.Record(context, sources, ModelBuild.SamplesOf(context.Plan), observer);
        if (calibrated.BySite is null)
            return null;
        var curves = new ConcurrentDictionary<(string Expert, string Layer), RankCurveResult>();
        observer.PhaseStarted("Choose ranks", context.Plan.Experts.Sum(expert => expert.Layers.Count(IsChosen)));
        WorkQueue.Run(context.Budget, sources.SelectMany(source => BuildGraph.SitesOf(source.Plan, (_, layer) => IsChosen(layer))
            .SelectMany(site => SiteBuild.Items(context, source, site.Key, [.. site],
                calibrated.BySite[ActivationRecorder.OutputName(source.Plan.Name, site.Key.Block, site.Key.Site)], IsChosen,
                layer =>
                {
                    if (layer.Curve is { } curve)
                        curves[(source.Plan.Name, layer.Plan.Name)] = curve.Value;
                }, BuildStages.Curve))), context.Cancellation);
        Plan plan = context.Plan;
        return curves.Count < plan.Experts.Sum(expert => expert.Layers.Count(IsChosen)) ? null
            : RankStart.BudgetsOf(plan.Experts).Aggregate(plan, (chosen, budget) => Choose(chosen, budget, curves));
    }

    private static Plan Choose(Plan plan, long budget, ConcurrentDictionary<(string Expert, string Layer), RankCurveResult> curves)
    {
        (ExpertPlan Expert, LayerPlan Layer)[] layers = [.. plan.Experts.SelectMany(expert => expert.Layers
            .Where(layer => IsChosen(layer) && layer.Recipe.Get(RecipeSettings.Budget) == budget).Select(layer => (expert, layer)))];
        RankCurve[] known = [.. layers.Select(pair => new RankCurve(pair.Layer.StartRank!.Value,
            LayerSize.Of(pair.Expert, pair.Layer with { Recipe = pair.Layer.Recipe.With(RecipeSettings.Rank, 0) }).Total,
            2L * (pair.Layer.OutFeatures + pair.Layer.InFeatures), curves[(pair.Expert.Name, pair.Layer.Name)].Points))];
        long most = budget > 0 ? budget : known.Sum(layer => layer.Bytes + (layer.Start * layer.BytesPerRank));
        if (RankChoice.Of(known, most) is not { } ranks)
            return plan;
        Dictionary<(string, string), int> chosen = layers.Zip(ranks).ToDictionary(pair =>
            (pair.First.Expert.Name, pair.First.Layer.Name), pair => pair.Second);
        return plan with
        {
            Experts = [.. plan.Experts.Select(expert => expert with
            {
                Layers = [.. expert.Layers.Select(layer => chosen.TryGetValue((expert.Name, layer.Name), out int rank)
                    ? layer with { Recipe = layer.Recipe.With(RecipeSettings.Rank, rank) }
                    : layer)],
            })],
        };
    }

    private static bool IsChosen(LayerPlan layer) => layer.StartRank is not null && layer.Recipe.Precision != Precision.BF16;
}
