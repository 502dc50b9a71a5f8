using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Store;

/// <summary>Digests in checked nodes.</summary>
internal static class DigestFields
{
    /// <summary>The node as a digest.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    public static Digest Digest(this JsonNode? node) =>
        Store.Digest.TryParse(node.Text(), out Digest digest) ? digest : throw JsonNodeFields.Wrong(node, "a digest");
}
