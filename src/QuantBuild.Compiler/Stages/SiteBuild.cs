using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>Everything that happens to the layers of one site. Sites never depend on each other (eq. 10 is local to a layer).</summary>
internal static class SiteBuild
{
    /// <summary>Number of actions that <see cref="Run"/> asks for.</summary>
    public static int CountActions(ExpertPlan expert, SiteKey site, IReadOnlyList<LayerPlan> layers) =>
        Groups(site, layers).Count(group => group.First().Recipe.Smooth.Enabled) + Groups(site, layers).SelectMany(group => group).Sum(layer =>
            2 + (layer.Recipe.LowRank.Rank > 0 ? 1 : 0) + (layer.Recipe.Precision == Precision.W4A4 ? expert.Bins.Length : 0));

    /// <summary>Builds the layers of a site; a layer is left out only when the runner just looks and something is missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="recordings">Its recordings in sample order; null when they are missing.</param>
    public static IEnumerable<BuiltLayer> Run(BuildContext context, ExpertSource source, SiteKey site, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Digest>? recordings)
    {
        foreach (LayerPlan kept in layers.Where(layer => layer.Recipe.Precision == Precision.BF16))
            yield return BuiltLayer.Kept(kept);
        foreach (IGrouping<string, LayerPlan> group in Groups(site, layers))
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
                else if (LayerBuild.Run(context, source, layer, smooth, recordings) is { } built)
                    yield return built;
            }
        }
    }

    /// <summary>Quantized layers by what their smoothing vector is called: those of one group share it.</summary>
    private static IEnumerable<IGrouping<string, LayerPlan>> Groups(SiteKey site, IEnumerable<LayerPlan> layers) => layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16)
        .GroupBy(layer => layer.Recipe.Smooth is { Enabled: true, Share: SmoothShare.Site } ? site.ToString() : layer.Name, StringComparer.Ordinal);
}
