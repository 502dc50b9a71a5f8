using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>A branch, tag or pull request of a repository.</summary>
/// <param name="Name">Its short name, such as <c>main</c>.</param>
/// <param name="Full">Its full name, such as <c>refs/heads/main</c>.</param>
/// <param name="Commit">The commit it points to.</param>
internal sealed record HubRef(string Name, string Full, string Commit)
{
    /// <summary>Reads an answer: branches first, then tags, then pull requests.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret.</exception>
    public static ImmutableArray<HubRef> ListFromJson(JsonNode answer, ServerText texts) =>
        [.. ((string[])["branches", "tags", "pullRequests"])
        .SelectMany(kind => answer.Find(kind)?.Items() ?? [])
        .Select(reference => new HubRef(texts.NameIn(reference.Member("name")), texts.NameIn(reference.Member("ref")),
            texts.NameIn(reference.Member("targetCommit"))))];
}
