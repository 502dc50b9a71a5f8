using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>A layer with its recipe and where each setting comes from; settings at their defaults have no origin.</summary>
internal sealed record ResolvedRecipe(LayerRecipe Recipe, IReadOnlyDictionary<RecipeSetting, SettingOrigin> Origins)
{
    /// <summary>The recipe with a patch applied, and the settings that it sets credited to a rule.</summary>
    public ResolvedRecipe With(RecipePatch patch, int rank, string label, SourceSpan place)
    {
        var origins = new Dictionary<RecipeSetting, SettingOrigin>(Origins);
        foreach (RecipeSetting setting in patch.Settings)
            origins[setting] = new SettingOrigin(rank, label, patch.Spans.GetValueOrDefault(setting, place));
        return new ResolvedRecipe(patch.ApplyTo(Recipe), origins);
    }

    /// <summary>"default", or which rule set what.</summary>
    public string Reason()
    {
        string[] rules = [.. Origins
            .Where(entry => entry.Value.Rank > SettingOrigin.Quantize)
            .GroupBy(entry => (entry.Value.Rank, entry.Value.Label))
            .OrderBy(group => group.Key.Rank)
            .Select(group =>
                $"{string.Join(", ", group.Select(entry => entry.Key).OrderBy(setting => setting.Index))}: {group.Key.Label}")];
        return rules.Length == 0 ? "default" : string.Join("; ", rules);
    }
}
