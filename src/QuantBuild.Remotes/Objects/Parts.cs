using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Remotes.Objects;

/// <summary>A blob in parts that fit into memory, so that one can be sent again, and that are hashed on the way.</summary>
internal static class Parts
{
    /// <summary>Bytes of a part; clouds take ten thousand of them, 156 GiB.</summary>
    public const int Length = 16 << 20;

    /// <summary>
    /// Reads a blob. The last part comes when the digest of all is right: who puts parts together has nothing whole before it.
    /// </summary>
    /// <param name="blob">What the content must be.</param>
    /// <param name="content">Its bytes, read to the end and left open.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <returns>At least one part. A part lasts until the next is asked for.</returns>
    /// <exception cref="InvalidDataException">The bytes are not the blob's.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(BlobRef blob, Stream content,
        [EnumeratorCancellation] CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(blob.Size, Length) + 1);
        try
        {
            long left = blob.Size;
            do
            {
                int length = (int)Math.Min(left, Length);
                // One byte more than the last part has: there should be none.
                int wanted = length == left ? length + 1 : length;
                int read = await content.ReadAtLeastAsync(buffer.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, ct);
                hash.AppendData(buffer, 0, Math.Min(read, length));
                left -= length;
                if (read != length || (left == 0 && new Digest(hash.GetHashAndReset()) != blob.Digest))
                    throw new InvalidDataException($"the content is not that of the blob {blob.Digest.Short}");
                yield return buffer.AsMemory(0, length);
            }
            while (left > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
