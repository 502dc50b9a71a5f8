using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Work;

/// <summary>
/// Digests of an expert's tensors. One that is computed when it is read has the digest of what it is computed from, so that nothing need be
/// computed to know whether anything changed.
/// </summary>
internal static class ViewDigests
{
    /// <summary>The digest of every tensor.</summary>
    /// <param name="checkpoint">The expert, open.</param>
    /// <param name="files">Its files, hashed.</param>
    /// <param name="loras">The LoRA files that are merged, hashed, in their order.</param>
    public static ImmutableSortedDictionary<string, Digest> Of(WanCheckpoint checkpoint, IReadOnlyList<HashedTensors> files,
        IReadOnlyList<HashedTensors> loras)
    {
        Dictionary<string, Digest> stored = files.SelectMany(file => file.Digests).ToDictionary(StringComparer.Ordinal);
        return checkpoint.Tensors.Keys.ToImmutableSortedDictionary(name => name, name => Of(checkpoint.PartsOf(name)),
            StringComparer.Ordinal);

        Digest Of(TensorParts parts) => parts.IsPlain
            ? stored[parts.Stored]
            : CanonicalJson.DigestOf(new JsonObject
            {
                ["tensor"] = stored[parts.Stored].ToString(),
                ["scale"] = parts.Scale is { } scale ? stored[scale].ToString() : null,
                ["merged"] = new JsonArray([.. parts.Changes.Select(change => Describe(change, DigestsOf(change)))]),
            });

        ImmutableSortedDictionary<string, Digest> DigestsOf(LoraChange change)
        {
            int index = checkpoint.Loras.TakeWhile(lora => lora != change.Lora).Count();
            return loras[index].Digests;
        }
    }

    private static JsonObject Describe(LoraChange change, ImmutableSortedDictionary<string, Digest> digests) => new()
    {
        ["factor"] = (double)change.Factor,
        ["down"] = change.Down is { } down ? digests[down].ToString() : null,
        ["up"] = change.Up is { } up ? digests[up].ToString() : null,
        ["strength"] = change.Difference is null ? null : (double)change.Strength,
        ["difference"] = change.Difference is { } difference ? digests[difference].ToString() : null,
    };
}
