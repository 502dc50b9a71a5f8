using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>JSON to and from the Hub. Answers are somebody else's bytes: anything odd is a diagnostic.</summary>
internal static class HubJson
{
    /// <summary>Media type of the LFS protocol.</summary>
    public const string Lfs = "application/vnd.git-lfs+json";

    /// <summary>A body of JSON.</summary>
    public static HttpContent Body(JsonNode value, string mediaType = "application/json")
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    /// <summary>Makes something of an answer that was read.</summary>
    /// <exception cref="DiagnosticException">It is not what the protocol says (QB5013).</exception>
    public static T Read<T>(HubTransport transport, HubRequest request, string id, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (IsOdd(failure))
        {
            throw Invalid(transport.TextOf(request), request, id, failure);
        }
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="DiagnosticException">It is not what the protocol says (QB5013).</exception>
    public static async Task<T> ReadAsync<T>(HubTransport transport, HubRequest request, HttpResponseMessage response,
        Func<JsonNode, T> read, CancellationToken ct)
    {
        try
        {
            byte[] content = await response.Content.ReadAsByteArrayAsync(ct);
            return read(CheckedNodes.Parse(content));
        }
        catch (Exception failure) when (IsOdd(failure))
        {
            throw Invalid(transport.TextOf(request), request, transport.TextOf(request).IdOf(response), failure);
        }
    }

    private static bool IsOdd(Exception failure) =>
        failure is JsonException or FormatException or InvalidOperationException or ArgumentException
        or NullReferenceException or OverflowException;

    private static DiagnosticException Invalid(ServerText texts, HubRequest request, string id, Exception failure)
    {
        // A malformed address may be a secret, so its exception's text is not shown.
        string why = failure is FormatException and not UriFormatException or JsonException
            ? texts.Of(failure.Message) : "a value is missing or has another type";
        return new DiagnosticException(Descriptors.HubAnswerInvalid.At(null, request.Purpose, why, id), failure is UriFormatException
            ? null
            : texts.Of(failure));
    }
}
