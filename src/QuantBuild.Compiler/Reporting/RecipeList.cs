using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Reporting;

/// <summary>The distinct recipes of a model: hundreds of layers usually share a few.</summary>
internal sealed class RecipeList
{
    private readonly Dictionary<Digest, int> _indices = [];
    private readonly List<JsonObject> _recipes = [];

    /// <summary>Index of a recipe; a new one goes to the end.</summary>
    public int IndexOf(LayerRecipe recipe)
    {
        JsonObject json = recipe.ToJson();
        Digest digest = CanonicalJson.DigestOf(json);
        if (_indices.TryGetValue(digest, out int index))
            return index;
        _indices.Add(digest, _recipes.Count);
        _recipes.Add(json);
        return _recipes.Count - 1;
    }

    /// <summary>All of them, by index.</summary>
    public JsonArray ToJson() => [.. _recipes.Select(recipe => recipe.DeepClone())];
}
