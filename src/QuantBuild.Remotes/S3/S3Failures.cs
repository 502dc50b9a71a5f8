using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using QuantBuild.Remotes.Objects;

namespace QuantBuild.Remotes.S3;

/// <summary>Failures of Amazon's SDK in words. Its own are paragraphs, and the server's may repeat what it was sent.</summary>
internal static class S3Failures
{
    /// <summary>What a failure means; null when it is none of the SDK's.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="bucket">The bucket.</param>
    public static string? WordsOf(Exception failure, string bucket) => failure switch
    {
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => $"there is no bucket '{bucket}'",
        AmazonS3Exception { StatusCode: not 0 } refusal => Refusal(refusal),
        AmazonServiceException or AmazonClientException => failure.InnerException is { } inner
            ? WordsOf(inner, bucket) ?? Plain.FirstLine(inner.Message) : Plain.FirstLine(failure.Message),
        HttpRequestException => Plain.FirstLine(Plain.Innermost(failure).Message),
        _ => null,
    };

    private static string Refusal(AmazonS3Exception refusal)
    {
        string code = Plain.Code(refusal.ErrorCode) is { Length: > 0 } named ? $" ({named})" : "";
        string status = string.Create(CultureInfo.InvariantCulture, $"the server answered {(int)refusal.StatusCode}{code}");
        return refusal.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                $"{status}: it wants other credentials than those that Amazon's SDK found, or these may not do it "
                    + "(s3:GetObject, s3:PutObject, s3:ListBucket)",
            HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect =>
                $"{status}: the bucket is in another region; set AWS_REGION",
            HttpStatusCode.InsufficientStorage => $"{status}: it is full",
            _ => status,
        };
    }
}
