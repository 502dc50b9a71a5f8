using System.Buffers;
using System.Net;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>A stretch of a file as the body of a request, read while it is sent.</summary>
internal sealed class FilePart(HubFile file, long offset, long count, StallWatch watch, TransferMeter meter) : HttpContent
{
    private const int ChunkSize = 1 << 18;

    /// <summary>Bytes counted so far; a failed try takes them back.</summary>
    public long Sent { get; private set; }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = count;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            await using Stream content = file.Open(offset, count);
            for (long left = count; left > 0;)
            {
                int read = await ReadAsync(content, chunk.AsMemory(0, (int)Math.Min(chunk.Length, left)), cancellationToken);
                await stream.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
                left -= read;
                Sent += read;
                meter.Move(read);
                watch.Moved();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Reads; a failure of the disk is not one of the connection, and must not be tried again as one.</summary>
    private async Task<int> ReadAsync(Stream content, Memory<byte> chunk, CancellationToken ct)
    {
        try
        {
            int read = await content.ReadAsync(chunk, ct);
            return read > 0 ? read : throw new EndOfStreamException("the file was cut off while it was sent");
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, file.Source ?? file.Path);
        }
    }
}
