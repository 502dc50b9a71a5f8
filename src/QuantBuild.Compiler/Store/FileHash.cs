using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace QuantBuild.Compiler.Store;

/// <summary>Hashes files, or parts of them, in constant memory.</summary>
internal static class FileHash
{
    private const int ChunkSize = 1 << 20;

    /// <summary>SHA-256 of a whole file.</summary>
    public static Digest Of(string path, IProgress<long>? progress = null, CancellationToken ct = default)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, file, 0, RandomAccess.GetLength(file), progress, ct);
        return new Digest(hash.GetHashAndReset());
    }

    /// <summary>Adds the bytes from <paramref name="offset"/> on to a hash.</summary>
    /// <exception cref="EndOfStreamException">The file ends before <paramref name="count"/> bytes.</exception>
    public static void Append(IncrementalHash hash, SafeFileHandle file, long offset, long count, IProgress<long>? progress,
        CancellationToken ct)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChunkSize, Math.Max(count, 1)));
        try
        {
            while (count > 0)
            {
                ct.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(file, chunk.AsSpan(0, (int)Math.Min(chunk.Length, count)), offset);
                if (read == 0)
                    throw new EndOfStreamException("the file was cut off while it was read");
                hash.AppendData(chunk, 0, read);
                offset += read;
                count -= read;
                progress?.Report(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
