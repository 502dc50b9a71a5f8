using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>An object whose keys are checked against a table once, and then read one by one.</summary>
internal sealed class ObjectBinder
{
    private readonly Dictionary<string, ManifestMember> _members = new(StringComparer.Ordinal);
    private readonly ManifestObject _node;
    private readonly KeySet _keys;

    /// <summary>Indexes an object and reports its unknown and repeated keys. Of a repeated key the first counts.</summary>
    public ObjectBinder(ManifestObject node, string path, KeySet keys, ValueBinder values)
    {
        _node = node;
        _keys = keys;
        Path = path;
        Values = values;
        foreach (ManifestMember member in node.Members)
        {
            if (values.IsFull)
                break;
            if (!keys.Keys.Contains(member.Name))
                values.Report(Descriptors.UnknownKey, member.NameSpan, PathOf(member.Name),
                    Suggestion.For(member.Name, keys.Keys, "known keys"));
            else if (!_members.TryAdd(member.Name, member))
                values.Report(Descriptors.DuplicateKey, member.NameSpan, PathOf(member.Name), _members[member.Name].NameSpan.Line);
        }
    }

    /// <summary>Where the object stands, such as <c>quantize.smooth</c>; empty for the root.</summary>
    public string Path { get; }

    /// <summary>What converts single values.</summary>
    public ValueBinder Values { get; }

    /// <summary>Place of the object.</summary>
    public SourceSpan Span => _node.Span;

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>The value of a key, or null.</summary>
    /// <exception cref="ArgumentException">The key is not in the table: a bug.</exception>
    public ManifestNode? Find(string key)
    {
        if (!_keys.Keys.Contains(key))
            throw new ArgumentException($"'{key}' is not a key of {_keys.Name}", nameof(key));
        return _members.TryGetValue(key, out ManifestMember? member) ? member.Value : null;
    }

    /// <summary>The value of a key; its absence is reported.</summary>
    public ManifestNode? Require(string key)
    {
        ManifestNode? found = Find(key);
        if (found is null)
            Values.Report(Descriptors.MissingKey, Span, PathOf(key));
        return found;
    }

    /// <summary>Place of a key's value, or of the object when it has no such key.</summary>
    public SourceSpan SpanOf(string key) => Find(key)?.Span ?? Span;

    /// <summary>Place of a key, or of the object when it has no such key.</summary>
    public SourceSpan NameSpanOf(string key) => Has(key) ? _members[key].NameSpan : Span;

    /// <summary>The full name of a key.</summary>
    public string PathOf(string key) => Path.Length == 0 ? key : string.Create(CultureInfo.InvariantCulture, $"{Path}.{key}");

    /// <inheritdoc cref="ValueBinder.Text"/>
    public string? Text(string key) => Values.Text(Find(key), PathOf(key));

    /// <inheritdoc cref="ValueBinder.Flag"/>
    public bool? Flag(string key) => Values.Flag(Find(key), PathOf(key));

    /// <inheritdoc cref="ValueBinder.Number"/>
    public double? Number(string key, Interval range) => Values.Number(Find(key), PathOf(key), range);

    /// <inheritdoc cref="ValueBinder.Integer"/>
    public int? Integer(string key, int min, int max) => Values.Integer(Find(key), PathOf(key), min, max);

    /// <inheritdoc cref="ValueBinder.Bytes"/>
    public long? Bytes(string key, long min, long max, string range) => Values.Bytes(Find(key), PathOf(key), min, max, range);

    /// <inheritdoc cref="ValueBinder.Choice"/>
    public T? Choice<T>(string key, NamedValues<T> values)
        where T : struct => Values.Choice(Find(key), PathOf(key), values);

    /// <inheritdoc cref="ValueBinder.Numbers"/>
    public ImmutableArray<double>? Numbers(string key, Interval range) => Values.Numbers(Find(key), PathOf(key), range);

    /// <inheritdoc cref="ValueBinder.Integers"/>
    public ImmutableArray<int>? Integers(string key, int min, int max) => Values.Integers(Find(key), PathOf(key), min, max);

    /// <inheritdoc cref="ValueBinder.Object"/>
    public ObjectBinder? Object(string key, KeySet keys) => Values.Object(Find(key), PathOf(key), keys);
}
