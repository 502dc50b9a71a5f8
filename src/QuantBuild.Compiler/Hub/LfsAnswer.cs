using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>What the batch call of the LFS protocol says of one object.</summary>
/// <param name="Id">The object.</param>
/// <param name="Fault">Why it is refused; null when it is not.</param>
/// <param name="Upload">Where it goes; null when the server has it.</param>
/// <param name="Verify">What is asked after the upload; null for nothing.</param>
internal sealed record LfsAnswer(string Id, LfsAnswer.Refusal? Fault, LfsAnswer.Call? Upload, LfsAnswer.Call? Verify)
{
    /// <summary>Why an object is refused.</summary>
    /// <param name="Code">A status of HTTP; 0 when the server gives none.</param>
    /// <param name="Message">What the server says.</param>
    public sealed record Refusal(int Code, string Message);

    /// <summary>A call that the server asks for.</summary>
    /// <param name="Address">Its address, https or on this machine; a secret.</param>
    /// <param name="Headers">Its headers, whatever the case of their names.</param>
    public sealed record Call(Uri Address, ImmutableDictionary<string, string> Headers);

    /// <summary>Reads an answer about one object.</summary>
    /// <exception cref="FormatException">It is something else, or chooses what was not offered.</exception>
    public static LfsAnswer FromJson(JsonNode answer)
    {
        string transfer = answer.Find("transfer")?.Text() ?? "basic";
        if (transfer is not ("basic" or "multipart"))
            throw new FormatException($"it chooses the transfer '{transfer}', which was not offered");
        JsonNode? item = answer.Member("objects").Only();
        JsonNode? actions = item.Find("actions");
        return new LfsAnswer(item.Member("oid").Text(), item.Find("error") is { } error ? FaultIn(error) : null,
            CallIn(actions?.Find("upload")), CallIn(actions?.Find("verify")));
    }

    /// <summary>Reads a refusal, as much of it as there is: that it is one matters more than its form.</summary>
    private static Refusal FaultIn(JsonNode error) => new(
        error.Find("code") is JsonValue number && number.TryGetValue(out int code) ? code : 0,
        error.Find("message") is JsonValue text && text.TryGetValue(out string? said) ? said : "no reason given");

    private static Call? CallIn(JsonNode? action)
    {
        if (action is null)
            return null;
        Uri address = action.Member("href").Address();
        return address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)
            ? new Call(address, (action.Find("header")?.Members() ?? []).ToImmutableDictionary(header => header.Key,
                header => header.Value?.ToString() ?? throw new FormatException("a header has no value"), StringComparer.OrdinalIgnoreCase))
            : throw new FormatException("an address is neither https nor on this machine");
    }
}
