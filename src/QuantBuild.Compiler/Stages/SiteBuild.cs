using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>Everything that happens to the layers of one site. Sites never depend on each other (eq. 10 is local to a layer).</summary>
internal static class SiteBuild
{
    /// <summary>The work on a site: its smoothing vectors, each followed by the layers that share it, as work of their own.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="recordings">Its recordings in sample order.</param>
    /// <param name="chosen">Which of them are built; a smoothing vector is that of all layers that share it.</param>
    /// <param name="built">
    /// Told of every layer, from several threads; of none for which the runner just looks and something is missing.
    /// </param>
    /// <param name="last">The last stage of the layers' chains; null for all.</param>
    public static IEnumerable<WorkItem> Items(BuildContext context, ExpertSource source, SiteKey site, IReadOnlyList<LayerPlan> layers,
        IReadOnlyList<Recording> recordings, Func<LayerPlan, bool> chosen, Action<BuiltLayer> built, ILayerStage? last = null)
    {
        foreach (LayerPlan kept in layers.Where(layer => layer.Recipe.Precision == Precision.BF16))
            built(BuiltLayer.Kept(kept));
        foreach (SmoothGroup group in SmoothGroup.Of(source.Plan, site, layers).Where(group => group.Layers.Any(chosen)))
        {
            LayerPlan[] wanted = [.. group.Layers.Where(chosen)];
            // A little less urgent than a layer of the same size, so that what was begun is finished first.
            yield return new WorkItem($"{source.Plan.Name} {group.Name}/smooth", wanted.Max(Cost) * 0.999, queue =>
            {
                SmoothStage.Result? smooth = group.IsSmoothed ? BuildStages.Smooth.Run(context, source, group, recordings) : null;
                if (group.IsSmoothed && smooth is null)
                    return;
                foreach ((LayerPlan layer, BlobRef? scale) in group.Layers.Select((layer, i) => (layer, smooth?.Of(i))))
                {
                    if (chosen(layer))
                        queue.Add(new WorkItem($"{source.Plan.Name} {layer.Name}", Cost(layer), _ => Build(layer, scale)));
                }
            }, () =>
            {
                foreach (LayerPlan layer in wanted)
                    source.Checkpoint.Prefetch(layer.WeightName);
            });
        }

        void Build(LayerPlan layer, BlobRef? smooth)
        {
            if (LayerBuild.Run(context, source, layer, smooth, recordings, last) is { } done)
                built(done);
        }
    }

    /// <summary>Nodes of a site's actions.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="expert">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="recordings">The nodes that record it.</param>
    /// <param name="chosen">Which of them are built.</param>
    public static IEnumerable<ActionNode> Nodes(Plan plan, ExpertPlan expert, SiteKey site, IEnumerable<LayerPlan> layers,
        IReadOnlyList<ActionNode> recordings, Func<LayerPlan, bool> chosen)
    {
        foreach (SmoothGroup group in SmoothGroup.Of(expert, site, layers).Where(group => group.Layers.Any(chosen)))
        {
            IReadOnlyList<ActionNode> before = group.IsSmoothed ? [BuildStages.Smooth.Node(group, recordings)] : recordings;
            foreach (ActionNode node in (group.IsSmoothed
                ? before
                : []).Concat(group.Layers.Where(chosen).SelectMany(layer => LayerBuild.Nodes(plan, expert, layer, before))))
                yield return node;
        }
    }

    /// <summary>
    /// Operations, roughly: rounding grows with out in², the factorization of the Hessian with in³ / 3, the rest with the tokens.
    /// </summary>
    private static double Cost(LayerPlan layer) =>
        (double)layer.InFeatures * layer.InFeatures * (layer.OutFeatures + (layer.InFeatures / 3.0));
}
