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

    public static bool Read(byte[] text) => ReadAsync(text).GetAwaiter().GetResult();

    public static bool Refuse(byte[] text) => RefuseAsync(text).GetAwaiter().GetResult();

    private static async Task<bool> ReadAsync(byte[] text)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(text) };
        return await HubJson.ReadAsync(Transport, Request, response,
            answer => answer.Member("sha").Text().Length + answer.Member("siblings").Items()
            .Sum(file => file.Member("rfilename").Text().Length), CancellationToken.None) >= 0;
    }

    private static async Task<bool> RefuseAsync(byte[] text)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new ByteArrayContent(text) };
        DiagnosticException refusal = await HubFailures.FromAsync(Transport, Request, response, CancellationToken.None);
        return refusal.Diagnostics.Count == 1;
    }
}
