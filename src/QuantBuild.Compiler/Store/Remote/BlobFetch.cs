using System.Buffers;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Brings a blob to this machine.</summary>
internal static class BlobFetch
{
    private const int ChunkSize = 1 << 18;

    // A connection that breaks this often is no good; what has arrived is kept in between.
    private const int Tries = 3;

    /// <summary>Copies a blob, hashing what arrives; where the transfer breaks off it goes on.</summary>
    /// <param name="from">Has the blob.</param>
    /// <param name="to">Gets it, if it is what its digest says.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="ct">Ends the transfer.</param>
    /// <returns>What is wrong with the blob; null when it has been copied.</returns>
    /// <exception cref="IOException">The remote store failed.</exception>
    public static async Task<string?> CopyAsync(IBlobStore from, IBlobFiles to, BlobRef blob, CancellationToken ct)
    {
        using BlobWriter writer = to.CreateBlob();
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (int tries = 1; ; tries++)
            {
                ct.ThrowIfCancellationRequested();
                try
                {
                    Stream? stream = await from.OpenAsync(blob, writer.Length, ct).ConfigureAwait(false);
                    if (stream is null)
                        return $"its blob {blob.Digest.Short} is missing";
                    await using (stream.ConfigureAwait(false))
                        await AppendAsync(stream, writer, blob.Size, chunk, ct).ConfigureAwait(false);
                    return writer.TryCommit(blob) ? null : $"its blob {blob.Digest.Short} has other content than its digest says";
                }
                catch (IOException) when (tries < Tries)
                {
                    // Resumed where it broke off.
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Appends to the end, or to one byte more than there should be.</summary>
    private static async Task AppendAsync(Stream stream, BlobWriter writer, long size, byte[] chunk, CancellationToken ct)
    {
        while (writer.Length <= size)
        {
            int most = (int)Math.Min(chunk.Length, size - writer.Length + 1);
            int read = await stream.ReadAsync(chunk.AsMemory(0, most), ct).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            if (read == 0)
                return;
            writer.Write(chunk.AsSpan(0, read));
        }
    }
}
