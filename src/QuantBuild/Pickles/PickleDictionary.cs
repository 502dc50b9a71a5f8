namespace QuantBuild.Pickles;

/// <summary>A dictionary of a pickle. Keys that are no texts are left out: no name of a tensor is one.</summary>
internal sealed class PickleDictionary
{
    private readonly Dictionary<string, object?> _items = new(StringComparer.Ordinal);

    /// <summary>Its items with texts for keys.</summary>
    public IReadOnlyDictionary<string, object?> Items => _items;

    /// <summary>Sets an item; a later value takes the place of an earlier one, as in Python.</summary>
    public void Set(object? key, object? value)
    {
        if (key is string name)
            _items[name] = value;
    }
}
