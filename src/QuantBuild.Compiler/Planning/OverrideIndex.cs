using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>
/// Finds the overrides whose pattern matches a layer. No pattern is compared with a name twice, and names without wildcards are looked up.
/// </summary>
internal sealed class OverrideIndex
{
    // The pattern of each override, by number: equal texts are one.
    private readonly int[] _patternOf;
    private readonly int _count;
    private readonly Dictionary<string, int> _literals = new(StringComparer.Ordinal);
    private readonly List<(int Number, LayerPattern Pattern)> _others = [];
    private readonly Dictionary<string, bool[]> _found = new(StringComparer.Ordinal);

    /// <summary>Reads the patterns of overrides.</summary>
    /// <exception cref="ArgumentException">One is none.</exception>
    public OverrideIndex(ImmutableArray<OverrideSection> overrides)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        _patternOf = new int[overrides.Length];
        for (int i = 0; i < overrides.Length; i++)
        {
            string text = overrides[i].Match;
            if (numbers.TryGetValue(text, out _patternOf[i]))
                continue;
            if (!LayerPattern.TryParse(text, out LayerPattern? pattern, out string? fault))
                throw new ArgumentException(fault, nameof(overrides));
            _patternOf[i] = numbers.Count;
            numbers.Add(text, numbers.Count);
            if (pattern.Literal is { } name)
                _literals.Add(name, _patternOf[i]);
            else
                _others.Add((_patternOf[i], pattern));
        }
        _count = numbers.Count;
    }

    /// <summary>Whether the pattern of an override matches a layer.</summary>
    public bool IsMatch(int index, string name) => PatternsOf(name)[_patternOf[index]];

    /// <summary>The overrides whose pattern matches a layer, the last one first.</summary>
    public IEnumerable<int> FromLast(string name)
    {
        bool[] found = PatternsOf(name);
        for (int i = _patternOf.Length - 1; i >= 0; i--)
        {
            if (found[_patternOf[i]])
                yield return i;
        }
    }

    /// <summary>Of each pattern whether it matches; layers of both experts have the same names.</summary>
    private bool[] PatternsOf(string name)
    {
        if (_found.TryGetValue(name, out bool[]? found))
            return found;
        found = new bool[_count];
        foreach ((int number, LayerPattern pattern) in _others)
            found[number] = pattern.IsMatch(name);
        if (_literals.TryGetValue(name, out int literal))
            found[literal] = true;
        _found.Add(name, found);
        return found;
    }
}
