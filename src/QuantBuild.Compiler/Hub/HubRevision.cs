using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>What a revision resolves to.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">Paths of its files.</param>
internal sealed record HubRevision(string Commit, ImmutableArray<string> Files)
{
    /// <summary>Reads an answer.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret.</exception>
    public static HubRevision FromJson(JsonNode answer, ServerText texts) => new(texts.CommitIn(answer.Member("sha")),
        [.. (answer.Find("siblings")?.Items() ?? []).Select(file => texts.NameIn(file.Member("rfilename")))]);
}
