using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Quantized layers of a site that share a smoothing vector, or the fact that they have none: equal recipes of smoothing.
/// </summary>
/// <param name="Expert">Their expert.</param>
/// <param name="Name">The site, or the layer that has a vector of its own.</param>
/// <param name="Layers">The layers.</param>
internal sealed record SmoothGroup(ExpertPlan Expert, string Name, IReadOnlyList<LayerPlan> Layers)
{
    /// <summary>Whether one vector for all of them is measured against one for each.</summary>
    public bool IsMeasured => Layers.Count > 1 && Layers[0].Recipe.Smooth is { Enabled: true, Share: SmoothShare.Auto };

    /// <summary>Whether there is a vector at all.</summary>
    public bool IsSmoothed => Layers[0].Recipe.Smooth.Enabled;

    /// <summary>The groups of a site.</summary>
    /// <param name="expert">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="layers">Its layers; those that are kept at bf16 are in no group.</param>
    public static IEnumerable<SmoothGroup> Of(ExpertPlan expert, SiteKey site, IEnumerable<LayerPlan> layers) => layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16)
        .GroupBy(layer => layer.Recipe.Smooth is { Enabled: true, Share: not SmoothShare.Layer } ? site.ToString() : layer.Name,
            StringComparer.Ordinal)
        .Select(group => new SmoothGroup(expert, group.Key, [.. group]));
}
