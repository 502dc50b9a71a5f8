using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>Whose token it is.</summary>
/// <param name="Name">The account.</param>
/// <param name="Organizations">Organizations it belongs to.</param>
internal sealed record HubUser(string Name, ImmutableArray<string> Organizations)
{
    /// <summary>Reads an answer.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret.</exception>
    public static HubUser FromJson(JsonNode answer, ServerText texts) => new(texts.NameIn(answer.Member("name")),
        [.. (answer.Find("orgs")?.Items() ?? []).Select(organization => texts.NameIn(organization.Member("name")))]);
}
