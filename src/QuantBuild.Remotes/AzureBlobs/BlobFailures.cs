using System.Globalization;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;
using QuantBuild.Remotes.Objects;

namespace QuantBuild.Remotes.AzureBlobs;

/// <summary>Failures of Azure's SDK in words. Its own have every header of the answer.</summary>
internal static class BlobFailures
{
    /// <summary>What a failure means; null when it is none of the SDK's.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="container">The container.</param>
    /// <param name="credentials">Where the credentials come from.</param>
    public static string? WordsOf(Exception failure, string container, string credentials) => failure switch
    {
        AggregateException { InnerExceptions: [var first, ..] } => WordsOf(first, container, credentials),
        RequestFailedException { Status: 0 } => Plain.FirstLine(Plain.Innermost(failure).Message),
        RequestFailedException refusal => Refusal(refusal, container, credentials),
        AuthenticationFailedException => $"no credentials: {Plain.FirstLine(failure.Message)}",
        HttpRequestException => Plain.FirstLine(Plain.Innermost(failure).Message),
        _ => null,
    };

    private static string Refusal(RequestFailedException refusal, string container, string credentials)
    {
        if (refusal.ErrorCode == BlobErrorCode.ContainerNotFound)
            return $"there is no container '{container}'";
        string code = Plain.Code(refusal.ErrorCode) is { Length: > 0 } named ? $" ({named})" : "";
        string status = string.Create(CultureInfo.InvariantCulture, $"the server answered {refusal.Status}{code}");
        return refusal.Status is 401 or 403
            ? $"{status}: it wants other credentials than {credentials}, or these may not do it (Storage Blob Data Reader, Contributor)"
            : status;
    }
}
