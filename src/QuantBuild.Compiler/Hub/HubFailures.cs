using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>Turns the Hub's answers that are no success into diagnostics.</summary>
internal static class HubFailures
{
    private const int LongestBody = 1 << 16;

    /// <summary>The diagnostic for a refusal.</summary>
    public static async Task<DiagnosticException> FromAsync(HubTransport transport, HubRequest request, HttpResponseMessage response,
        CancellationToken ct)
    {
        ServerText texts = transport.TextOf(request);
        string message = texts.Of(await MessageAsync(response, ct));
        HubToken? token = request.Authorized ? transport.Options.Token : null;
        return new DiagnosticException(Describe(request, response, token, message, texts.IdOf(response)));
    }

    /// <summary>A header's first value.</summary>
    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) || response.Content.Headers.TryGetValues(name, out values)
            ? values.FirstOrDefault(value => value.Length > 0) : null;

    private static Diagnostic Describe(HubRequest request, HttpResponseMessage response, HubToken? token, string message, string id)
    {
        HttpStatusCode status = response.StatusCode;
        string repository = request.Repository?.ToString() ?? "";
        switch (Header(response, "X-Error-Code"))
        {
            case "RepoNotFound":
                return Descriptors.HubRepositoryNotFound.At(null, repository, id);
            case "RevisionNotFound":
                return Descriptors.HubRevisionNotFound.At(null, repository, request.Revision ?? "", id);
            case "EntryNotFound":
                return Descriptors.HubFileNotFound.At(null, repository, request.Path ?? "", id);
            case "GatedRepo":
                return Descriptors.HubGated.At(null, repository, message, id);
        }
        return status switch
        {
            HttpStatusCode.Unauthorized when token is not null && IsAboutToken(message) =>
                Descriptors.HubTokenRejected.At(null, message, id),
            HttpStatusCode.Unauthorized when token is null && request.Repository is null =>
                Descriptors.HubTokenMissing.At(null, request.Purpose),
            HttpStatusCode.Unauthorized when request.Repository is null => Descriptors.HubTokenRejected.At(null, message, id),
            // The Hub does not tell strangers whether a private repository exists.
            HttpStatusCode.Unauthorized => Descriptors.HubRepositoryNotFound.At(null, repository, id),
            HttpStatusCode.NotFound when request.Path is not null => Descriptors.HubFileNotFound.At(null, repository, request.Path, id),
            HttpStatusCode.NotFound when request.Repository is not null => Descriptors.HubRepositoryNotFound.At(null, repository, id),
            HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.InsufficientStorage =>
                Descriptors.HubTooLarge.At(null, request.Path ?? request.Purpose, message, id),
            HttpStatusCode.Forbidden => Descriptors.HubForbidden.At(null, request.Purpose, message, id),
            HttpStatusCode.TooManyRequests => Descriptors.HubRateLimited.At(null, request.Purpose, message, id),
            _ when HubRetries.IsTransient(status) || (int)status >= 500 =>
                Descriptors.HubServerFailed.At(null, request.Purpose, (int)status, message, id),
            _ => Descriptors.HubRefused.At(null, request.Purpose, (int)status, message, id),
        };
    }

    private static bool IsAboutToken(string message) => message.Contains("credentials", StringComparison.OrdinalIgnoreCase)
        || message.Contains("token", StringComparison.OrdinalIgnoreCase);

    private static async Task<string> MessageAsync(HttpResponseMessage response, CancellationToken ct)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync(ct);
        return InBody(Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, LongestBody))))
            ?? Header(response, "X-Error-Message") ?? response.ReasonPhrase ?? "no reason given";
    }

    /// <summary>The message in one of the three forms in which the Hub puts it; null when the body has none.</summary>
    private static string? InBody(string text)
    {
        try
        {
            if (CheckedNodes.Parse(Encoding.UTF8.GetBytes(text)) is not JsonObject body)
                return null;
            IEnumerable<string> parts = [
                .. Texts(body.Find("error")), .. Texts(body.Find("error_description")), .. Texts(body.Find("message")),
                .. (body.Find("errors") as JsonArray ?? []).OfType<JsonObject>().SelectMany(error => Texts(error.Find("message")))];
            string[] found = [.. parts.Where(part => part.Length > 0).Distinct()];
            return found.Length > 0 ? string.Join("; ", found) : null;
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonArray list => list.SelectMany(Texts),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [value.Text()],
        _ => [],
    };
}
