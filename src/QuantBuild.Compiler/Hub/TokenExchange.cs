using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>Trusted publishing: a CI job proves who it is and gets a token for an hour, so that no secret has to be stored.</summary>
internal static class TokenExchange
{
    private const string GrantType = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string SubjectType = "urn:ietf:params:oauth:token-type:id_token";

    /// <summary>Exchanges the job's identity for a token of the Hub.</summary>
    /// <param name="options">The Hub; its token is not used.</param>
    /// <param name="environment">Tells where the job's identity comes from.</param>
    /// <param name="resource">The repository to publish to: HF_OIDC_RESOURCE.</param>
    /// <param name="ct">Ends the calls.</param>
    /// <exception cref="DiagnosticException">The job has no identity, or the Hub does not accept it (QB5005).</exception>
    public static async Task<HubToken> RunAsync(HubOptions options, HubEnvironment environment, string resource, CancellationToken ct)
    {
        using var transport = new HubTransport(options with { Token = null });
        HubToken identity = await IdentityAsync(transport, environment, ct);
        var request = new HubRequest(HttpMethod.Post, transport.Address("oauth/token"), "exchanging the job's identity")
        {
            Content = () => identity.Write(secret => HubJson.Body(new JsonObject
            {
                ["grant_type"] = GrantType,
                ["subject_token_type"] = SubjectType,
                ["subject_token"] = secret,
                ["resource"] = resource,
            })),
            Secret = identity,
        };
        string? secret = await CallAsync(transport, request, "access_token", ct);
        return HubToken.From(secret, "trusted publishing") ?? throw Failed("the Hub's answer has no token");
    }

    private static async Task<HubToken> IdentityAsync(HubTransport transport, HubEnvironment environment, CancellationToken ct)
    {
        if (environment.Value("ACTIONS_ID_TOKEN_REQUEST_URL") is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            || HubToken.From(environment.Value("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), "the job") is not { } access)
        {
            throw Failed("the job has no access to identity tokens");
        }
        if (address.Scheme != Uri.UriSchemeHttps && !address.IsLoopback)
            throw Failed("the address for identity tokens is not https");
        string audience = Uri.EscapeDataString(transport.Options.Endpoint.AbsoluteUri.TrimEnd('/'));
        var request = new HubRequest(HttpMethod.Get, new Uri($"{text}{(address.Query.Length > 0 ? '&' : '?')}audience={audience}"),
            "asking for the job's identity")
        {
            Token = access,
        };
        return HubToken.From(await CallAsync(transport, request, "value", ct), "the job")
            ?? throw Failed("the answer has no identity token");
    }

    private static async Task<string?> CallAsync(HubTransport transport, HubRequest request, string field, CancellationToken ct)
    {
        try
        {
            using HttpResponseMessage response = await transport.SendAsync(request, ct);
            return await HubJson.ReadAsync(transport, request, response, answer => answer.Find(field)?.Text(), ct);
        }
        catch (DiagnosticException failure)
        {
            throw Failed(failure.Diagnostics[0].Message);
        }
    }

    private static DiagnosticException Failed(string why) => new(Descriptors.HubExchangeFailed.At(null, why));
}
