using System.Net;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>One call, from which as many HTTP requests can be made as tries are needed.</summary>
/// <param name="Method">The method.</param>
/// <param name="Address">Where to, absolute.</param>
/// <param name="Purpose">What it is for, in messages: "looking up org/name".</param>
internal sealed record HubRequest(HttpMethod Method, Uri Address, string Purpose)
{
    /// <summary>Makes the body anew for each try.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Headers beside those of every request.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether doing it twice does no harm, so that it may be tried again when the answer is lost.</summary>
    public bool Repeatable { get; init; } = true;

    /// <summary>Whether the token goes along, if the address is the endpoint's.</summary>
    public bool Authorized { get; init; } = true;

    /// <summary>A token of its own for this address, instead of the Hub's; it goes to this address's origin only.</summary>
    public HubToken? Token { get; init; }

    /// <summary>A secret in the body, to be kept out of messages.</summary>
    public HubToken? Secret { get; init; }

    /// <summary>Statuses beside success that the caller understands.</summary>
    public Func<HttpStatusCode, bool> Accepts { get; init; } = _ => false;

    /// <summary>Whether a redirect to another origin is the caller's business; otherwise it is refused.</summary>
    public bool HandsOutRedirects { get; init; }

    /// <summary>Whether the body of a success is content that the caller reads as it arrives; any other is read with the answer.</summary>
    public bool Streams { get; init; }

    /// <summary>The repository that the call is about, for messages.</summary>
    public RepoId? Repository { get; init; }

    /// <summary>The revision that the call is about, for messages.</summary>
    public string? Revision { get; init; }

    /// <summary>The file that the call is about, for messages.</summary>
    public string? Path { get; init; }

    /// <summary>Whether a try is given up when nothing moves for <see cref="HubOptions.Stall"/>.</summary>
    public StallWatch? Watch { get; init; }
}
