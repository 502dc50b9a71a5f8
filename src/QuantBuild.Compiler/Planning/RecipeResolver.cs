using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Finds the recipe of a layer: <c>quantize</c>, then its expert's settings, then overrides in order; the last match wins, setting by setting.</summary>
internal sealed class RecipeResolver
{
    private readonly QuantManifest _manifest;
    private readonly ImmutableArray<LayerPattern> _patterns;

    /// <summary>Prepares the patterns of a manifest.</summary>
    public RecipeResolver(QuantManifest manifest)
    {
        _manifest = manifest;
        _patterns = [.. manifest.Overrides.Select(section => LayerPattern.TryParse(section.Match, out LayerPattern? pattern, out string? fault)
            ? pattern
            : throw new ArgumentException(fault, nameof(manifest)))];
        Use = new OverrideUse(manifest.Overrides);
    }

    /// <summary>What the overrides did to the layers resolved so far.</summary>
    public OverrideUse Use { get; }

    /// <summary>The recipe of a layer.</summary>
    /// <param name="expert">Its expert.</param>
    /// <param name="name">Its full name.</param>
    public ResolvedRecipe Resolve(ExpertSection expert, string name)
    {
        var matches = new List<int>();
        ResolvedRecipe resolved = new ResolvedRecipe(_manifest.Quantize, ImmutableDictionary<RecipeSetting, SettingOrigin>.Empty)
            .With(_manifest.QuantizePatch, SettingOrigin.Quantize, "quantize", new Diagnostics.SourceSpan(_manifest.Path))
            .With(expert.Patch, SettingOrigin.Expert, Label($"experts.{expert.Name}", expert.Span.Line), expert.Span);
        for (int i = 0; i < _patterns.Length; i++)
        {
            OverrideSection section = _manifest.Overrides[i];
            bool concerned = section.Experts.IsEmpty || section.Experts.Contains(expert.Name);
            if (!concerned || !_patterns[i].IsMatch(name))
                continue;
            matches.Add(i);
            resolved = resolved.With(section.Patch, i, Label($"'{section.Match}'", section.Span.Line), section.Span);
        }
        Use.Record(name, matches, resolved);
        return resolved;
    }

    private static string Label(string rule, int line) => string.Create(CultureInfo.InvariantCulture, $"{rule} (line {line})");
}
