using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>What decided a setting of a layer.</summary>
/// <param name="Rank">Later rules win: <see cref="Quantize"/>, then <see cref="Expert"/>, then overrides by index.</param>
/// <param name="Label">The rule, for people.</param>
/// <param name="Span">Place of the value.</param>
internal readonly record struct SettingOrigin(int Rank, string Label, SourceSpan Span)
{
    /// <summary>Rank of the section <c>quantize</c>.</summary>
    public const int Quantize = -2;

    /// <summary>Rank of an expert's own settings.</summary>
    public const int Expert = -1;
}

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
            .Select(group => $"{string.Join(", ", group.Select(entry => entry.Key).Order().Select(RecipeNames.KeyOf))}: {group.Key.Label}")];
        return rules.Length == 0 ? "default" : string.Join("; ", rules);
    }
}
