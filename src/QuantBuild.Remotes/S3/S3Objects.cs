using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using QuantBuild.Remotes.Objects;

namespace QuantBuild.Remotes.S3;

/// <summary>Objects of a bucket of Amazon S3, or of a server that speaks its protocol.</summary>
/// <param name="client">The SDK's client; disposed with this.</param>
/// <param name="bucket">The bucket.</param>
/// <param name="prefix">What names begin with: empty, or something that ends with a slash.</param>
internal sealed class S3Objects(IAmazonS3 client, string bucket, string prefix) : IObjects
{
    private static readonly TimeSpan Tidying = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<long?> LengthAsync(string name, CancellationToken ct)
    {
        try
        {
            return (await client.GetObjectMetadataAsync(bucket, prefix + name, ct)).ContentLength;
        }
        catch (AmazonS3Exception missing) when (IsMissing(missing))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<ObjectContent?> OpenAsync(string name, long offset, CancellationToken ct)
    {
        // The SDK takes the tag of a whole object for its MD5, and fails, on closing it, where a server's tags are something else. Of a
        // range it expects nothing; and who reads hashes.
        var request = new GetObjectRequest
        {
            BucketName = bucket,
            Key = prefix + name,
            ByteRange = new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-")),
        };
        try
        {
            GetObjectResponse response = await client.GetObjectAsync(request, ct);
            return new ObjectContent(response.ResponseStream, response.ContentLength, response);
        }
        catch (AmazonS3Exception missing) when (IsMissing(missing))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        using MemoryStream body = StreamOf(content);
        await client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucket,
            Key = prefix + name,
            InputStream = body,
            AutoCloseStream = false,
            ContentType = "application/octet-stream",
            UseChunkEncoding = false, // some servers keep the signatures of chunks in the object
        }, ct);
    }

    /// <inheritdoc/>
    public async Task PutAsync(string name, IAsyncEnumerable<ReadOnlyMemory<byte>> parts, CancellationToken ct)
    {
        string upload = (await client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = bucket, Key = prefix + name, ContentType = "application/octet-stream" },
            ct)).UploadId;
        try
        {
            var complete = new CompleteMultipartUploadRequest
            {
                BucketName = bucket,
                Key = prefix + name,
                UploadId = upload,
                PartETags = [],
            };
            await foreach (ReadOnlyMemory<byte> part in parts.WithCancellation(ct))
            {
                int number = complete.PartETags.Count + 1;
                complete.PartETags.Add(new PartETag(number, await PutPartAsync(name, upload, number, part, ct)));
            }
            await client.CompleteMultipartUploadAsync(complete, ct);
        }
        catch
        {
            await TryAbortAsync(name, upload);
            throw;
        }
    }

    /// <inheritdoc/>
    public string? FailureOf(Exception failure) => S3Failures.WordsOf(failure, bucket);

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private async Task<string> PutPartAsync(string name, string upload, int number, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        using MemoryStream body = StreamOf(content);
        UploadPartResponse response = await client.UploadPartAsync(new UploadPartRequest
        {
            BucketName = bucket,
            Key = prefix + name,
            UploadId = upload,
            PartNumber = number,
            PartSize = content.Length,
            InputStream = body,
            UseChunkEncoding = false,
        }, ct);
        return response.ETag;
    }

    /// <summary>Parts of an upload that is never completed cost money until a rule of the bucket deletes them.</summary>
    private async Task TryAbortAsync(string name, string upload)
    {
        using var limit = new CancellationTokenSource(Tidying);
        try
        {
            await client.AbortMultipartUploadAsync(bucket, prefix + name, upload, limit.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException || FailureOf(failure) is not null)
        {
            // What made the upload fail is told.
        }
    }

    /// <summary>The answer to HEAD has no body, and so no word for a bucket that is missing; that to GET has.</summary>
    private static bool IsMissing(AmazonS3Exception failure) =>
        failure.StatusCode == HttpStatusCode.NotFound && failure.ErrorCode != "NoSuchBucket";

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> content) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out ArraySegment<byte> bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
}
