using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>Everything that happens to the layers of one site. Sites never depend on each other (eq. 10 is local to a layer).</summary>
internal static class SiteBuild
{
    /// <summary>Number of actions that <see cref="Run"/> asks for.</summary>
    public static int CountActions(ExpertPlan expert, IReadOnlyList<LayerPlan> layers) =>
        SmoothGroups(Quantized(layers)).Count() + Quantized(layers).Sum(layer =>
            2 + (layer.Recipe.LowRank.Rank > 0 ? 1 : 0) + (layer.Recipe.Precision == Precision.W4A4 ? expert.Bins.Length : 0));

    /// <summary>Builds the layers of a site; a layer is left out only when the runner just looks and something is missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="recordings">Its recordings in sample order; null when they are missing.</param>
    public static IEnumerable<BuiltLayer> Run(BuildContext context, ExpertSource source, SiteKey site, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Digest>? recordings)
    {
        foreach (LayerPlan layer in layers.Where(layer => layer.Recipe.Precision == Precision.BF16))
            yield return BuiltLayer.Kept(layer);

        Dictionary<LayerPlan, (string Name, LayerPlan[] Members)> groups = SmoothGroups(Quantized(layers))
            .SelectMany(group => group.Select(layer => (layer, (group.Count() > 1 || layer.Recipe.Smooth.Share == SmoothShare.Site ? site.ToString() : layer.Name, group.ToArray()))))
            .ToDictionary(pair => pair.layer, pair => pair.Item2);
        var smooths = new Dictionary<string, BlobRef?>(StringComparer.Ordinal);
        foreach (LayerPlan layer in Quantized(layers))
        {
            BlobRef? smooth = null;
            bool known = recordings is not null;
            if (groups.TryGetValue(layer, out (string Name, LayerPlan[] Members) group))
            {
                if (!smooths.TryGetValue(group.Name, out smooth))
                {
                    if (recordings is not null)
                        smooth = SmoothStage.Run(context, source, group.Name, group.Members, recordings);
                    else
                        context.Runner.Unknown(Stage.Smooth, source.Plan.Name, group.Name);
                    smooths.Add(group.Name, smooth);
                }
                known &= smooth is not null;
            }
            if (known && LayerBuild.Run(context, source, layer, smooth, recordings!) is { } built)
                yield return built;
            else if (!known)
                LayerBuild.Unknown(context, source.Plan, layer);
        }
    }

    private static IEnumerable<LayerPlan> Quantized(IEnumerable<LayerPlan> layers) => layers.Where(layer => layer.Recipe.Precision != Precision.BF16);

    /// <summary>Layers that share a smoothing vector.</summary>
    private static IEnumerable<IGrouping<string, LayerPlan>> SmoothGroups(IEnumerable<LayerPlan> layers) => layers
        .Where(layer => layer.Recipe.Smooth.Enabled)
        .GroupBy(layer => layer.Recipe.Smooth.Share == SmoothShare.Site ? "" : layer.Name);
}
