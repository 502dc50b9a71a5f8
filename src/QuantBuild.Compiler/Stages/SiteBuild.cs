using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>Everything that happens to the layers of one site. Sites never depend on each other (eq. 10 is local to a layer).</summary>
internal static class SiteBuild
{
    /// <summary>Number of actions that <see cref="Items"/> ask for.</summary>
    public static int CountActions(ExpertPlan expert, SiteKey site, IReadOnlyList<LayerPlan> layers) =>
        Groups(site, layers).Count(group => group.First().Recipe.Smooth.Enabled) + Groups(site, layers).SelectMany(group => group).Sum(layer =>
            2 + (layer.Recipe.LowRank.Rank > 0 ? 1 : 0) + (layer.Recipe.Precision == Precision.W4A4 ? expert.Bins.Length : 0));

    /// <summary>The work on a site: its smoothing vectors, each followed by the layers that share it, as work of their own.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="recordings">Its recordings in sample order; null when they are missing.</param>
    /// <param name="built">Told of every layer, from several threads; of none for which the runner just looks and something is missing.</param>
    public static IEnumerable<WorkItem> Items(BuildContext context, ExpertSource source, SiteKey site, IReadOnlyList<LayerPlan> layers,
        IReadOnlyList<Recording>? recordings, Action<BuiltLayer> built)
    {
        foreach (LayerPlan kept in layers.Where(layer => layer.Recipe.Precision == Precision.BF16))
            built(BuiltLayer.Kept(kept));
        foreach (IGrouping<string, LayerPlan> group in Groups(site, layers))
        {
            // A little less urgent than a layer of the same size, so that what was begun is finished first.
            yield return new WorkItem($"{source.Plan.Name} {group.Key}/smooth", group.Max(Cost) * 0.999, queue =>
            {
                BlobRef? smooth = null;
                bool smoothed = group.First().Recipe.Smooth.Enabled;
                if (smoothed && recordings is not null)
                    smooth = SmoothStage.Run(context, source, group.Key, [.. group], recordings);
                else if (smoothed)
                    context.Runner.Unknown(Stage.Smooth, source.Plan.Name, group.Key);
                foreach (LayerPlan layer in group)
                {
                    if (recordings is null || (smoothed && smooth is null))
                        LayerBuild.Unknown(context, source.Plan, layer);
                    else
                        queue.Add(new WorkItem($"{source.Plan.Name} {layer.Name}", Cost(layer), _ => Build(layer, smooth)));
                }
            }, () =>
            {
                foreach (LayerPlan layer in group)
                    source.Checkpoint.Prefetch(layer.WeightName);
            });
        }

        void Build(LayerPlan layer, BlobRef? smooth)
        {
            if (LayerBuild.Run(context, source, layer, smooth, recordings!) is { } done)
                built(done);
        }
    }

    /// <summary>Operations, roughly: rounding grows with out in², the factorization of the Hessian with in³ / 3, the rest with the tokens.</summary>
    private static double Cost(LayerPlan layer) => (double)layer.InFeatures * layer.InFeatures * (layer.OutFeatures + (layer.InFeatures / 3.0));

    /// <summary>Quantized layers by what their smoothing vector is called: those of one group share it.</summary>
    private static IEnumerable<IGrouping<string, LayerPlan>> Groups(SiteKey site, IEnumerable<LayerPlan> layers) => layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16)
        .GroupBy(layer => layer.Recipe.Smooth is { Enabled: true, Share: SmoothShare.Site } ? site.ToString() : layer.Name, StringComparer.Ordinal);
}
