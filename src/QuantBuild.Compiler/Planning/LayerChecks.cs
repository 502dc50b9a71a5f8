using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>
/// Checks recipes against the shapes of their layers. What one line of the manifest does wrong to many layers is reported once.
/// </summary>
/// <param name="expert">The expert whose layers are checked.</param>
/// <param name="problems">Receives what is wrong.</param>
internal sealed class LayerChecks(ExpertSection expert, ICollection<Diagnostic> problems)
{
    private const int Group = 32;

    /// <summary>Checks all layers of the expert.</summary>
    public void Check(IReadOnlyList<(LayerPlan Layer, ResolvedRecipe Resolved)> layers)
    {
        (LayerPlan Layer, ResolvedRecipe Resolved)[] quantized = [.. layers.Where(entry => entry.Layer.Recipe.Precision != Precision.BF16)];
        CheckGroups(quantized);
        CheckRanks(quantized);
        CheckSmoothing(quantized);
    }

    private void CheckGroups(IEnumerable<(LayerPlan Layer, ResolvedRecipe Resolved)> layers)
    {
        foreach (var group in layers.Where(entry => entry.Layer.InFeatures % Group != 0)
            .GroupBy(entry => PlaceOf(entry.Resolved, RecipeSettings.Precision)))
        {
            LayerPlan first = group.First().Layer;
            problems.Add(Descriptors.GroupMisaligned.At(group.Key, first.Name, expert.Name, first.InFeatures, AndMore(group.Count())));
        }
    }

    private void CheckRanks(IEnumerable<(LayerPlan Layer, ResolvedRecipe Resolved)> layers)
    {
        foreach (var group in layers
            .Where(entry => entry.Layer.Recipe.LowRank.Rank > Math.Min(entry.Layer.OutFeatures, entry.Layer.InFeatures))
            .GroupBy(entry => PlaceOf(entry.Resolved, RecipeSettings.Rank)))
        {
            LayerPlan first = group.First().Layer;
            problems.Add(Descriptors.RankTooLarge.At(group.Key, first.Recipe.LowRank.Rank, first.Name, expert.Name, AndMore(group.Count()),
                first.OutFeatures, first.InFeatures));
        }
    }

    private void CheckSmoothing(IEnumerable<(LayerPlan Layer, ResolvedRecipe Resolved)> layers)
    {
        var reported = new HashSet<SourceSpan>();
        foreach (var site in layers.GroupBy(entry => (entry.Layer.Block, entry.Layer.Site)))
        {
            if (site.All(entry => entry.Layer.Recipe.Smooth.Share == SmoothShare.Layer))
                continue;
            (LayerPlan Layer, ResolvedRecipe Resolved) first = site.First();
            foreach ((LayerPlan Layer, ResolvedRecipe Resolved) other in site.Skip(1))
            {
                if (Disagreement(first.Layer.Recipe.Smooth, other.Layer.Recipe.Smooth) is not { } setting)
                    continue;
                SourceSpan place = PlaceOf(Later(first.Resolved, other.Resolved, setting), setting);
                if (reported.Add(place))
                {
                    problems.Add(Descriptors.SmoothDisagreement.At(place, first.Layer.Name, other.Layer.Name, expert.Name,
                        setting.Path));
                }
            }
        }
    }

    private static RecipeSetting? Disagreement(SmoothRecipe a, SmoothRecipe b) => (a, b) switch
    {
        _ when a.Share != b.Share => RecipeSettings.Share,
        _ when a.Enabled != b.Enabled => RecipeSettings.SmoothEnabled,
        _ when a.Enabled && a.Alpha != b.Alpha => RecipeSettings.Alpha,
        _ => null,
    };

    /// <summary>The one whose setting comes from the later rule: that rule broke the agreement.</summary>
    private static ResolvedRecipe Later(ResolvedRecipe a, ResolvedRecipe b, RecipeSetting setting) =>
        RankOf(a, setting) > RankOf(b, setting) ? a : b;

    private static int RankOf(ResolvedRecipe resolved, RecipeSetting setting) =>
        resolved.Origins.TryGetValue(setting, out SettingOrigin origin) ? origin.Rank : int.MinValue;

    /// <summary>The line that set a setting; the expert's for a default.</summary>
    private SourceSpan PlaceOf(ResolvedRecipe resolved, RecipeSetting setting) =>
        resolved.Origins.TryGetValue(setting, out SettingOrigin origin) ? origin.Span : expert.Span;

    private static string AndMore(int count) => count switch
    {
        1 => "",
        2 => ", as has one more layer",
        _ => string.Create(CultureInfo.InvariantCulture, $", as have {count - 1} more layers"),
    };
}
