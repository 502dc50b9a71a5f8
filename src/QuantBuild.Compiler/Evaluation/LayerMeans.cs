using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>Mean relative output error of layers; kept ones count 0.</summary>
/// <param name="All">Over all quantizable layers of both experts.</param>
/// <param name="ByExpert">The same for each expert.</param>
internal sealed record LayerMeans(double All, IReadOnlyDictionary<string, double> ByExpert)
{
    /// <summary>Full precision's.</summary>
    public static LayerMeans None(Plan plan) => Of(plan, []);

    /// <summary>Means of measured layers.</summary>
    public static LayerMeans Of(Plan plan, IReadOnlyList<LayerQuality> layers) => new(
        layers.Sum(layer => layer.Recipe) / Math.Max(1, plan.Experts.Sum(expert => expert.Layers.Length)),
        plan.Experts.ToDictionary(expert => expert.Name, expert => layers.Where(layer => layer.Expert == expert.Name)
            .Sum(layer => layer.Recipe) / Math.Max(1, expert.Layers.Length), StringComparer.Ordinal));
}
