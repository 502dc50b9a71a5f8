using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>A commit that was made.</summary>
/// <param name="Id">40 hexadecimal digits.</param>
/// <param name="Address">Its page, or that of the pull request; null when the server named none.</param>
internal sealed record HubCommit(string Id, string? Address)
{
    /// <summary>Reads an answer.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret as its commit.</exception>
    public static HubCommit FromJson(JsonNode answer, ServerText texts) => new(texts.CommitIn(answer.Member("commitOid")),
        (answer.Find("pullRequestUrl") ?? answer.Find("commitUrl")) is { } address ? texts.Of(address.Text()) : null);

    /// <summary>The number of the pull request that the address is of; null when it is of a commit.</summary>
    public int? PullRequest =>
        Address?.Split("/discussions/") is [_, var number]
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
