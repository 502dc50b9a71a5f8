using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>A layer in the lock file.</summary>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="Recipe">Its resolved settings.</param>
/// <param name="Outputs">Digests of what its actions produced, by role, such as <c>lowRank</c>; empty for a layer that is kept.</param>
internal sealed record LockedLayer(string Name, JsonObject Recipe, ImmutableSortedDictionary<string, Digest> Outputs);
