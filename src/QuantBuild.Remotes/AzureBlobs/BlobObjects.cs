using System.Buffers.Binary;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using QuantBuild.Remotes.Objects;

namespace QuantBuild.Remotes.AzureBlobs;

/// <summary>Block blobs of a container of Azure Storage.</summary>
/// <param name="container">The SDK's client.</param>
/// <param name="prefix">What names begin with: empty, or something that ends with a slash.</param>
/// <param name="credentials">Where the credentials come from, for messages.</param>
internal sealed class BlobObjects(BlobContainerClient container, string prefix, string credentials) : IObjects
{
    /// <inheritdoc/>
    public async Task<long?> LengthAsync(string name, CancellationToken ct)
    {
        try
        {
            return (await BlobOf(name).GetPropertiesAsync(cancellationToken: ct)).Value.ContentLength;
        }
        catch (RequestFailedException missing) when (IsMissing(missing))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<ObjectContent?> OpenAsync(string name, long offset, CancellationToken ct)
    {
        var options = new BlobDownloadOptions { Range = offset > 0 ? new HttpRange(offset) : default };
        try
        {
            BlobDownloadStreamingResult content = (await BlobOf(name).DownloadStreamingAsync(options, ct)).Value;
            return new ObjectContent(content.Content, content.Details.ContentLength, content);
        }
        catch (RequestFailedException missing) when (IsMissing(missing))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        using Stream body = BinaryData.FromBytes(content).ToStream();
        await BlobOf(name).UploadAsync(body, new BlobUploadOptions
        {
            TransferOptions = new() { InitialTransferSize = Parts.Length + 1 }, // one request
        }, ct);
    }

    /// <inheritdoc/>
    public async Task PutAsync(string name, IAsyncEnumerable<ReadOnlyMemory<byte>> parts, CancellationToken ct)
    {
        // Blocks that are never committed are no blob, and Azure deletes them after a week.
        BlockBlobClient blob = BlobOf(name);
        var blocks = new List<string>();
        var upload = Guid.NewGuid();
        await foreach (ReadOnlyMemory<byte> part in parts.WithCancellation(ct))
        {
            string block = BlockOf(upload, blocks.Count);
            using Stream body = BinaryData.FromBytes(part).ToStream();
            await blob.StageBlockAsync(block, body, cancellationToken: ct);
            blocks.Add(block);
        }
        await blob.CommitBlockListAsync(blocks, cancellationToken: ct);
    }

    /// <inheritdoc/>
    public string? FailureOf(Exception failure) => BlobFailures.WordsOf(failure, container.Name, credentials);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The SDK's clients own nothing.
    }

    private BlockBlobClient BlobOf(string name) => container.GetBlockBlobClient(prefix + name);

    /// <summary>Names of blocks are equally long and in base64. Two that write one blob at once must not use one another's.</summary>
    private static string BlockOf(Guid upload, int number)
    {
        var name = new byte[20];
        upload.TryWriteBytes(name);
        BinaryPrimitives.WriteInt32BigEndian(name.AsSpan(16), number);
        return Convert.ToBase64String(name);
    }

    private static bool IsMissing(RequestFailedException failure) =>
        failure.Status == 404 && failure.ErrorCode != BlobErrorCode.ContainerNotFound;
}
