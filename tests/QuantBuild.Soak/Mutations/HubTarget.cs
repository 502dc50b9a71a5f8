using System.Net;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Soak.Mutations;

/// <summary>Answers of the Hub.</summary>
internal static class HubTarget
{
    private static readonly HubTransport Transport = new(new HubOptions { Endpoint = new Uri("https://hub.invalid") });
    private static readonly HubRequest Request = new(HttpMethod.Get, new Uri("https://hub.invalid/api"), "looking up 'owner/name'");

    public static bool Read(byte[] text)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(text) };
        return HubJson.ReadAsync(Transport, Request, response, answer => answer.Member("sha").Text().Length + answer.Member("siblings").Items().Sum(file => file.Member("rfilename").Text().Length),
            CancellationToken.None).GetAwaiter().GetResult() >= 0;
    }

    public static bool Refuse(byte[] text)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new ByteArrayContent(text) };
        DiagnosticException refusal = HubFailures.FromAsync(Transport, Request, response, CancellationToken.None).GetAwaiter().GetResult();
        return refusal.Diagnostics.Count == 1;
    }
}
