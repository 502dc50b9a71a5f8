using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>A layer in the lock file.</summary>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="Recipe">Its resolved settings.</param>
/// <param name="Outputs">Digests of what its actions produced, by role, such as <c>lowRank</c>; empty for a layer that is kept.</param>
internal sealed record LockedLayer(string Name, JsonObject Recipe, ImmutableSortedDictionary<string, Digest> Outputs)
{
    /// <summary>A setting as the recipe spells it; null for one that the layer does not use.</summary>
    public string? Setting(RecipeSetting setting) => setting.KeyName is { } name ? (Recipe.Find(name) as JsonValue)?.ToString() : null;
}
