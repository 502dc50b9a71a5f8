using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Settings to change in a recipe, with their values.</summary>
internal sealed record RecipePatch
{
    /// <summary>Changes nothing.</summary>
    public static RecipePatch Empty { get; } = new();

    /// <summary>Places of the values that are set, where they come from a file.</summary>
    public ImmutableDictionary<RecipeSetting, SourceSpan> Spans { get; init; } = ImmutableDictionary<RecipeSetting, SourceSpan>.Empty;

    /// <summary>The settings that this patch changes, section by section.</summary>
    public IEnumerable<RecipeSetting> Settings => Values.Select(entry => entry.Key);

    /// <summary>The values, each of its setting's type, section by section.</summary>
    internal ImmutableArray<KeyValuePair<RecipeSetting, object>> Values { get; init; } = [];

    /// <summary>What a setting is changed to; null when it is not.</summary>
    public T? Find<T>(RecipeSetting<T> setting) where T : struct
    {
        foreach ((RecipeSetting changed, object value) in Values)
        {
            if (changed == setting)
                return (T)value;
        }
        return null;
    }

    /// <summary>The recipe with these settings changed.</summary>
    public LayerRecipe ApplyTo(LayerRecipe recipe) => recipe.With(Values);
}
