using System.Diagnostics.CodeAnalysis;
namespace QuantBuild.Compiler.Store;

/// <content>The store as one of several. All its work is done before the calls return.</content>
internal sealed partial class ContentStore : IBlobStore, IActionCache, IBlobFiles
{
    ValueTask<ActionRecord?> IActionCache.FindAsync(Digest key, CancellationToken ct) => ValueTask.FromResult(FindAction(key));

    ValueTask IActionCache.PutAsync(ActionRecord record, CancellationToken ct)
    {
        PutAction(record);
        return ValueTask.CompletedTask;
    }

    void IBlobFiles.Bring(IEnumerable<Digest> blobs)
    {
    }

    ValueTask<bool> IBlobStore.ContainsAsync(BlobRef blob, CancellationToken ct) =>
        ValueTask.FromResult(Guarded(PathOf(blob.Digest), () => Find(blob.Digest)) == blob.Size);

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The caller owns the stream.")]
    ValueTask<Stream?> IBlobStore.OpenAsync(BlobRef blob, long offset, CancellationToken ct)
    {
        if (TryOpen(blob.Digest) is not { } path)
            return ValueTask.FromResult<Stream?>(null);
        return ValueTask.FromResult<Stream?>(Guarded(path, () =>
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            file.Position = offset;
            return file;
        }));
    }

    async ValueTask IBlobStore.PutAsync(BlobRef blob, Stream content, CancellationToken ct)
    {
        using BlobWriter writer = CreateBlob();
        await content.CopyToAsync(writer, ct).ConfigureAwait(false);
        if (!writer.TryCommit(blob))
            throw new InvalidDataException($"the content is not that of the blob {blob.Digest.Short}");
    }
}
