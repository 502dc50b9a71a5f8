using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>A file in a repository.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Id">SHA-256 for a large file, git's blob id for a small one; lower-case hexadecimal.</param>
/// <param name="Large">Whether it is stored by LFS.</param>
internal sealed record HubEntry(string Path, long Size, string Id, bool Large)
{
    /// <summary>Reads an entry of a listing; null for one that is no file.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret.</exception>
    public static HubEntry? FromJson(JsonNode? entry, ServerText texts)
    {
        if (texts.NameIn(entry.Member("type")) != "file")
            return null;
        JsonNode? large = entry.Find("lfs"), content = large ?? entry;
        return new HubEntry(texts.NameIn(entry.Member("path")), content.Member("size").Size(), texts.NameIn(content.Member("oid")),
            large is not null);
    }
}
