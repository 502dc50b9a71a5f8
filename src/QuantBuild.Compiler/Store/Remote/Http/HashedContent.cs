using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>
/// A blob as the body of a request. Its bytes are hashed on the way, and the last of them are held back until the digest is right: a server
/// that was told a length and gets less keeps nothing.
/// </summary>
internal sealed class HashedContent : HttpContent
{
    private const int ChunkSize = 1 << 18;

    private readonly BlobRef _blob;
    private readonly Stream _content;

    /// <summary>A body.</summary>
    /// <param name="blob">What the content must be.</param>
    /// <param name="content">The bytes; left open.</param>
    public HashedContent(BlobRef blob, Stream content)
    {
        (_blob, _content) = (blob, content);
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    /// <summary>What was wrong on this side, with the content; null when nothing was.</summary>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _blob.Size;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] held = new byte[ChunkSize], next = new byte[ChunkSize];
        int waiting = await ReadAsync(held, cancellationToken);
        long length = waiting;
        for (int read; waiting > 0 && (read = await ReadAsync(next, cancellationToken)) > 0; (held, next, waiting) = (next, held, read))
        {
            length += read;
            if (length > _blob.Size)
                throw Wrong();
            hash.AppendData(held, 0, waiting);
            await stream.WriteAsync(held.AsMemory(0, waiting), cancellationToken);
        }
        hash.AppendData(held, 0, waiting);
        if (new BlobRef(new Digest(hash.GetHashAndReset()), length) != _blob)
            throw Wrong();
        await stream.WriteAsync(held.AsMemory(0, waiting), cancellationToken);
    }

    private async Task<int> ReadAsync(byte[] chunk, CancellationToken ct)
    {
        try
        {
            return await _content.ReadAsync(chunk, ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Failure = failure;
            throw;
        }
    }

    private IOException Wrong()
    {
        Failure = new InvalidDataException($"the content is not that of the blob {_blob.Digest.Short}");
        return new IOException(Failure.Message, Failure);
    }
}
