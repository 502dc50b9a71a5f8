using System.Collections.Concurrent;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A remote store that keeps a log of what is asked, and that a test breaks.</summary>
internal sealed class TestRemote(string folder) : IBlobStore, IActionCache
{
    private readonly FolderStore _store = new(folder);

    /// <summary>Done before every call.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Changes what is read of a blob.</summary>
    public Func<Stream, Stream> Reading { get; set; } = stream => stream;

    public ConcurrentQueue<string> Log { get; } = new();

    public RemoteStore Store => new("test:", this, this);

    public async ValueTask<bool> ContainsAsync(BlobRef blob, CancellationToken ct = default)
    {
        await Note("has", blob.Digest, ct);
        return await _store.ContainsAsync(blob, ct);
    }

    public async ValueTask<Stream?> OpenAsync(BlobRef blob, long offset = 0, CancellationToken ct = default)
    {
        await Note($"open at {offset}", blob.Digest, ct);
        return await _store.OpenAsync(blob, offset, ct) is { } stream ? Reading(stream) : null;
    }

    public async ValueTask PutAsync(BlobRef blob, Stream content, CancellationToken ct = default)
    {
        await Note("put blob", blob.Digest, ct);
        await _store.PutAsync(blob, content, ct);
    }

    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        await Note("find", key, ct);
        return await _store.FindAsync(key, ct);
    }

    public async ValueTask PutAsync(ActionRecord record, CancellationToken ct = default)
    {
        await Note("put record", record.Key, ct);
        await _store.PutAsync(record, ct);
    }

    private Task Note(string what, Digest which, CancellationToken ct)
    {
        Log.Enqueue($"{what} {which.Short}");
        return Before(ct);
    }
}
