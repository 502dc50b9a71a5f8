using System.Collections.Immutable;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The spelling of an enumeration's values in manifests, plans and reports.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed class NamedValues<T>(params ImmutableArray<(string Name, T Value)> pairs)
    where T : struct
{
    /// <summary>All names, in the order of the documentation.</summary>
    public ImmutableArray<string> Names { get; } = [.. pairs.Select(pair => pair.Name)];

    /// <summary>The name of a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has no name.</exception>
    public string NameOf(T value)
    {
        foreach ((string name, T candidate) in pairs)
        {
            if (EqualityComparer<T>.Default.Equals(candidate, value))
                return name;
        }
        throw new ArgumentOutOfRangeException(nameof(value), value, null);
    }

    /// <summary>The value of a name (ordinal), or null.</summary>
    public T? Find(string name)
    {
        foreach ((string candidate, T value) in pairs)
        {
            if (candidate == name)
                return value;
        }
        return null;
    }
}
