using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Keeps account of what each override does, to report those that do nothing.</summary>
/// <param name="overrides">All overrides in order.</param>
internal sealed class OverrideUse(ImmutableArray<OverrideSection> overrides)
{
    private readonly bool[] _matched = new bool[overrides.Length];
    private readonly bool[] _decisive = new bool[overrides.Length];
    private readonly bool[] _used = new bool[overrides.Length];
    private readonly SortedSet<int>[] _shadows = [.. overrides.Select(_ => new SortedSet<int>())];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Takes a layer into account.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="matches">Indices of the overrides that match it.</param>
    /// <param name="resolved">What became of it.</param>
    public void Record(string name, IEnumerable<int> matches, ResolvedRecipe resolved)
    {
        _names.Add(name);
        foreach (int index in matches)
        {
            _matched[index] = true;
            foreach (RecipeSetting setting in overrides[index].Patch.Settings)
            {
                int winner = resolved.Origins[setting].Rank;
                if (winner != index)
                    _shadows[index].Add(winner);
                _decisive[index] |= winner == index;
                _used[index] |= winner == index && resolved.Recipe.Uses(setting);
            }
        }
    }

    /// <summary>Reports overrides without a match, those that others undo, and those whose settings mean nothing.</summary>
    public void Report(ICollection<Diagnostic> problems)
    {
        for (int i = 0; i < overrides.Length; i++)
        {
            OverrideSection section = overrides[i];
            if (!_matched[i])
                problems.Add(Descriptors.OverrideMatchesNothing.At(section.Span, section.Match, ExpertsOf(section), Hint(section.Match)));
            else if (!_decisive[i])
                problems.Add(Descriptors.OverrideShadowed.At(section.Span, section.Match, string.Join(", ", _shadows[i].Select(Label))));
            else if (!_used[i])
                problems.Add(Descriptors.OverrideWithoutUse.At(section.Span, section.Match));
        }
    }

    private string Label(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"'{overrides[index].Match}' in line {overrides[index].Span.Line}");

    private static string ExpertsOf(OverrideSection section) =>
        section.Experts.IsEmpty ? "either expert" : string.Join(" or ", section.Experts);

    private string Hint(string match) => Suggestion.Nearest(match, _names) is { } near
        ? $"did you mean '{near}'?"
        : $"names are like '{_names.Min(StringComparer.Ordinal)}'";
}
