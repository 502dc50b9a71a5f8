using System.Diagnostics.CodeAnalysis;
using System.Buffers;
using System.Security.Cryptography;
using QuantBuild.Compiler.Store.Remote.Http;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>A shared store in a folder, such as one of a network file system.</summary>
/// <remarks>
/// Layout: <c>ac/&lt;key&gt;</c>, an <see cref="ActionResultMessage"/>, and <c>cas/&lt;digest&gt;</c>, the paths of Bazel's
/// HTTP cache, so that a web server can offer the same folder. Files appear by rename. There are no locks: two that write
/// one file write the same, and whoever reads a blob hashes it.
/// </remarks>
/// <param name="root">The folder. It must exist: a share that is not mounted is no empty store.</param>
internal sealed class FolderStore(string root) : IBlobStore, IActionCache
{
    private const int ChunkSize = 1 << 18;

    private string Temporary => Path.Combine(root, "tmp");

    /// <inheritdoc/>
    public ValueTask<bool> ContainsAsync(BlobRef blob, CancellationToken ct = default)
    {
        var file = new FileInfo(PathOf(blob));
        if (file.Exists)
            return ValueTask.FromResult(file.Length == blob.Size);
        RequireRoot();
        return ValueTask.FromResult(false);
    }

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The caller owns the stream.")]
    public ValueTask<Stream?> OpenAsync(BlobRef blob, long offset = 0, CancellationToken ct = default)
    {
        if (TryOpen(PathOf(blob)) is not { } file)
            return ValueTask.FromResult<Stream?>(null);
        file.Position = offset;
        return ValueTask.FromResult<Stream?>(file);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(BlobRef blob, Stream content, CancellationToken ct = default)
    {
        string temporary = NewTemporary();
        try
        {
            if (await WriteAsync(temporary, content, ct).ConfigureAwait(false) != blob)
                throw new InvalidDataException($"the content is not that of the blob {blob.Digest.Short}");
            Publish(temporary, PathOf(blob));
        }
        finally
        {
            AtomicFile.TryDelete(temporary);
        }
    }

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "It is disposed by await using.")]
    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        await using FileStream? file = TryOpen(PathOf(key));
        if (file is null || file.Length > ActionResultMessage.LongestMessage)
            return null;
        var message = new byte[file.Length];
        return await file.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false)
            == message.Length ? ActionResultMessage.Parse(message, key) : null;
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(ActionRecord record, CancellationToken ct = default)
    {
        string temporary = NewTemporary();
        try
        {
            await File.WriteAllBytesAsync(temporary, ActionResultMessage.Of(record), ct).ConfigureAwait(false);
            Publish(temporary, PathOf(record.Key));
        }
        finally
        {
            AtomicFile.TryDelete(temporary);
        }
    }

    private string PathOf(BlobRef blob) => Path.Combine(root, "cas", blob.Digest.ToString());

    private string PathOf(Digest key) => Path.Combine(root, "ac", key.ToString());

    private FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
                FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            RequireRoot();
            return null;
        }
    }

    private void RequireRoot()
    {
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException($"there is no folder '{root}'");
    }

    private string NewTemporary()
    {
        RequireRoot();
        Directory.CreateDirectory(Temporary);
        return Path.Combine(Temporary, Guid.NewGuid().ToString("N"));
    }

    private static void Publish(string temporary, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Replace(temporary, path);
    }

    private static async Task<BlobRef> WriteAsync(string path, Stream content, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
            await using (file.ConfigureAwait(false))
            {
                long size = 0;
                for (int read; (read = await content.ReadAsync(chunk, ct).ConfigureAwait(false)) > 0; size += read)
                {
                    hash.AppendData(chunk, 0, read);
                    await file.WriteAsync(chunk.AsMemory(0, read), ct).ConfigureAwait(false);
                }
                return new BlobRef(new Digest(hash.GetHashAndReset()), size);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
