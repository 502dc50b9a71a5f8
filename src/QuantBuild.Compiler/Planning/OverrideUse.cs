using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Keeps account of what each override does, to report those that do nothing.</summary>
/// <param name="overrides">All overrides in order.</param>
/// <param name="index">Which layers they match.</param>
internal sealed class OverrideUse(ImmutableArray<OverrideSection> overrides, OverrideIndex index)
{
    private readonly bool[] _matched = new bool[overrides.Length];
    private readonly bool[] _decisive = new bool[overrides.Length];
    private readonly bool[] _used = new bool[overrides.Length];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<(string Expert, string Name, ResolvedRecipe Resolved)> _layers = [];

    /// <summary>Takes into account that an override matches a layer.</summary>
    /// <param name="index">The override.</param>
    public void Match(int index) => _matched[index] = true;

    /// <summary>Takes a layer into account.</summary>
    /// <param name="expert">Its expert.</param>
    /// <param name="name">Its name.</param>
    /// <param name="resolved">What became of it.</param>
    public void Record(string expert, string name, ResolvedRecipe resolved)
    {
        _names.Add(name);
        _layers.Add((expert, name, resolved));
        foreach ((RecipeSetting setting, SettingOrigin origin) in resolved.Origins)
        {
            if (origin.Rank < 0)
                continue;
            _decisive[origin.Rank] = true;
            _used[origin.Rank] |= resolved.Recipe.Uses(setting);
        }
    }

    /// <summary>Overrides without a match, those that others undo, and those whose settings mean nothing.</summary>
    public IEnumerable<Diagnostic> Problems() => Enumerable.Range(0, overrides.Length).Select(Problem).OfType<Diagnostic>();

    private Diagnostic? Problem(int i)
    {
        OverrideSection section = overrides[i];
        return !_matched[i] ? Descriptors.OverrideMatchesNothing.At(section.Span, section.Match, ExpertsOf(section), Hint(section.Match))
            : !_decisive[i] ? Descriptors.OverrideShadowed.At(section.Span, section.Match, string.Join(", ", ShadowsOf(i).Select(Label)))
            : !_used[i] ? Descriptors.OverrideWithoutUse.At(section.Span, section.Match)
            : null;
    }

    /// <summary>The overrides that replace settings of one.</summary>
    private SortedSet<int> ShadowsOf(int i)
    {
        RecipeSetting[] settings = [.. overrides[i].Patch.Settings];
        var shadows = new SortedSet<int>();
        foreach ((string expert, string name, ResolvedRecipe resolved) in _layers)
        {
            if (overrides[i].Concerns(expert) && index.IsMatch(i, name))
                shadows.UnionWith(settings.Select(setting => resolved.Origins[setting].Rank));
        }
        return shadows;
    }

    private string Label(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"'{overrides[index].Match}' in line {overrides[index].Span.Line}");

    private static string ExpertsOf(OverrideSection section) =>
        section.Experts.IsEmpty ? "either expert" : string.Join(" or ", section.Experts);

    private string Hint(string match) => Suggestion.Nearest(match, _names) is { } near
        ? $"did you mean '{near}'?"
        : $"names are like '{_names.Min(StringComparer.Ordinal)}'";
}
