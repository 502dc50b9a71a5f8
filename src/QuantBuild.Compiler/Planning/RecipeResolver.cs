using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>
/// Finds the recipe of a layer: <c>quantize</c>, then its expert's settings, then overrides in order; the last match wins, setting by
/// setting.
/// </summary>
internal sealed class RecipeResolver
{
    private readonly QuantManifest _manifest;
    private readonly OverrideIndex _index;

    // The settings of each override, a bit for each.
    private readonly ImmutableArray<uint> _settings;

    /// <summary>Prepares the patterns of a manifest.</summary>
    public RecipeResolver(QuantManifest manifest)
    {
        _manifest = manifest;
        _index = new OverrideIndex(manifest.Overrides);
        _settings = [.. manifest.Overrides.Select(section =>
            section.Patch.Settings.Aggregate(0u, (bits, setting) => bits | (1u << setting.Index)))];
        Use = new OverrideUse(manifest.Overrides, _index);
    }

    /// <summary>What the overrides did to the layers resolved so far.</summary>
    public OverrideUse Use { get; }

    /// <summary>The recipe of a layer.</summary>
    /// <param name="expert">Its expert.</param>
    /// <param name="name">Its full name.</param>
    public ResolvedRecipe Resolve(ExpertSection expert, string name)
    {
        ResolvedRecipe resolved = new ResolvedRecipe(_manifest.Quantize, ImmutableDictionary<RecipeSetting, SettingOrigin>.Empty)
            .With(_manifest.QuantizePatch, SettingOrigin.Quantize, "quantize", new SourceSpan(_manifest.Path))
            .With(expert.Patch, SettingOrigin.Expert, Label($"experts.{expert.Name}", expert.Span.Line), expert.Span);
        foreach (int i in Winners(expert.Name, name))
        {
            OverrideSection section = _manifest.Overrides[i];
            resolved = resolved.With(section.Patch, i, Label($"'{section.Match}'", section.Span.Line), section.Span);
        }
        Use.Record(expert.Name, name, resolved);
        return resolved;
    }

    /// <summary>
    /// The overrides that set something which no later one sets, in order: at most one for each setting, however many match.
    /// </summary>
    private Stack<int> Winners(string expert, string name)
    {
        var winners = new Stack<int>();
        uint set = 0;
        foreach (int i in _index.FromLast(name))
        {
            if (!_manifest.Overrides[i].Concerns(expert))
                continue;
            Use.Match(i);
            if ((_settings[i] & ~set) == 0)
                continue;
            set |= _settings[i];
            winners.Push(i);
        }
        return winners;
    }

    private static string Label(string rule, int line) => string.Create(CultureInfo.InvariantCulture, $"{rule} (line {line})");
}
