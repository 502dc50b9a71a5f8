using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The one spelling of every value of a setting, in manifests, keys, locks, artifacts and reports.</summary>
/// <param name="names">All names, in the order of the documentation.</param>
internal abstract class NamedValues(ImmutableArray<string> names)
{
    /// <summary>All names, in the order of the documentation.</summary>
    public ImmutableArray<string> Names => names;

    /// <summary>The names of an enumeration's members, which their <see cref="JsonStringEnumMemberNameAttribute"/> says.</summary>
    /// <typeparam name="T">The enumeration.</typeparam>
    /// <exception cref="InvalidOperationException">A member has no name: a bug.</exception>
    public static NamedValues<T> Of<T>() where T : struct, Enum => new([.. Enum.GetValues<T>().Select(value => (NameIn(value), value))]);

    /// <summary>The value of a name (ordinal), or null.</summary>
    internal abstract object? FindValue(string name);

    /// <summary>The name of a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has no name.</exception>
    internal abstract string NameOfValue(object value);

    private static string NameIn<T>(T value) where T : struct, Enum =>
        typeof(T).GetField(value.ToString())?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
        ?? throw new InvalidOperationException($"{typeof(T).Name}.{value} has no spelling");
}

/// <summary>The spelling of the values of one type.</summary>
/// <typeparam name="T">The type, an enumeration as a rule.</typeparam>
/// <param name="pairs">The values with their names.</param>
internal sealed class NamedValues<T>(params ImmutableArray<(string Name, T Value)> pairs)
    : NamedValues([.. pairs.Select(pair => pair.Name)]) where T : struct
{
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

    /// <inheritdoc/>
    internal override object? FindValue(string name) => Find(name);

    /// <inheritdoc/>
    internal override string NameOfValue(object value) => NameOf((T)value);
}
