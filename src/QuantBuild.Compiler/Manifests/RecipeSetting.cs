using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Manifests;

/// <summary>
/// One setting of a recipe: what "last match wins" decides one by one. <see cref="RecipeSettings"/> has all of them, and everything that
/// is the same for each follows from there: binder, recipe, patch, keys, locks, schema and manual.
/// </summary>
internal abstract class RecipeSetting
{
    private protected RecipeSetting(int index, string section, string key, SettingKind kind, object fallback)
    {
        Index = index;
        Section = section;
        Key = key;
        Kind = kind;
        Fallback = fallback;
    }

    /// <summary>Its place in the table.</summary>
    public int Index { get; }

    /// <summary>The part of <c>quantize</c> that it stands in, such as <c>lowRank</c>; empty for the part itself.</summary>
    public string Section { get; }

    /// <summary>Its key there.</summary>
    public string Key { get; }

    /// <summary>Where it stands in a recipe's section, such as <c>lowRank.rank</c>.</summary>
    public string Path => Section.Length == 0 ? Key : $"{Section}.{Key}";

    /// <summary>Its name in keys, in the plan's digest and in the lock; null for one on which no byte depends.</summary>
    public required string? KeyName { get; init; }

    /// <summary>Its meaning, in a few words of Markdown: in the manual, and without marks in the schema.</summary>
    public required string Meaning { get; init; }

    /// <summary>What a build does again when it changes, for the manual.</summary>
    public required string Redone { get; init; }

    /// <summary>Whether a boolean in place of its section stands for it: <c>"smooth": false</c>.</summary>
    public bool IsShorthand { get; init; }

    /// <summary>Whether it changes anything about a layer with a recipe: the rank of a bf16 layer, for one, does not.</summary>
    public Func<LayerRecipe, bool> IsUsedBy { get; init; } = recipe => recipe.Precision != Precision.BF16;

    /// <summary>Which values it can have.</summary>
    internal SettingKind Kind { get; }

    /// <summary>Its value where nothing sets it.</summary>
    internal object Fallback { get; }

    /// <summary>Its value in a recipe, as keys and locks have it.</summary>
    public JsonNode ToJson(LayerRecipe recipe) => Kind.ToJson(recipe.Value(this));

    /// <inheritdoc/>
    public sealed override string ToString() => Path;
}

/// <summary>A setting with values of one type.</summary>
/// <typeparam name="T">The type.</typeparam>
internal sealed class RecipeSetting<T> : RecipeSetting where T : struct
{
    internal RecipeSetting(int index, string section, string key, SettingKind<T> kind, T fallback)
        : base(index, section, key, kind, fallback)
    {
    }
}
