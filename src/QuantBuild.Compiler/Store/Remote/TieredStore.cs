using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>
/// The local store with one behind it that others share. A result that is not here is looked up there, once per action; its blobs are
/// brought here when somebody opens them, each hashed on arrival. What is made here is written there in the background.
/// </summary>
/// <remarks>
/// The remote store decides nothing but time: a result that is damaged, incomplete or late is a miss, at the latest when the work that
/// could not open it is done again; and a store that fails or stalls costs an operation <see cref="RemoteHistory.Allowance"/> for reading
/// and the same for writing at most.
/// </remarks>
internal sealed class TieredStore : IActionCache, IBlobFiles, IAsyncDisposable
{
    // Whoever waits for less need not be told.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly ContentStore _local;
    private readonly RemoteStore _remote;
    private readonly RemoteNotices _notices;
    private readonly RemoteBlobs _blobs;
    private readonly RemoteLookup _lookup;
    private readonly RemoteUploads? _uploads;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Digest, bool> _shared = new();

    /// <summary>Puts one behind the other.</summary>
    /// <param name="local">The store on this machine.</param>
    /// <param name="remote">The one behind it; disposed with this store.</param>
    /// <param name="readOnly">Whether nothing is written there.</param>
    /// <param name="notice">Told of trouble, from any thread.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends transfers.</param>
    /// <param name="history">What this operation knows of the remote store; null for nothing.</param>
    /// <param name="careful">Whether a result counts only when all its blobs can be had.</param>
    public TieredStore(ContentStore local, RemoteStore remote, bool readOnly, Action<Diagnostic> notice, TimeProvider time,
        CancellationToken ct, RemoteHistory? history = null, bool careful = false)
    {
        history ??= new RemoteHistory(time);
        _local = local;
        _remote = remote;
        _time = time;
        _notices = new RemoteNotices(remote.Name, history, notice);
        _blobs = new RemoteBlobs(remote, local, history, _notices, ct);
        _lookup = new RemoteLookup(remote, _blobs, history, _notices, careful, ct);
        _uploads = readOnly ? null : new RemoteUploads(remote, local, history, _notices, ct);
    }

    /// <summary>Told how many results are still to be written, when the end of an operation waits for them.</summary>
    public Action<int>? Waits { get; init; }

    /// <summary>Whether results that the local store has already are written to the remote one, as far as it lacks them.</summary>
    public bool SharesAll { get; init; }

    /// <inheritdoc/>
    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        if (_local.FindAction(key) is not { } record)
            return await _lookup.FindAsync(key).WaitAsync(ct);
        _blobs.Know(record);
        if (SharesAll && _shared.TryAdd(key, true))
            _uploads?.Add(record);
        return record;
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(ActionRecord record, CancellationToken ct = default)
    {
        _local.PutAction(record);
        _shared[record.Key] = true;
        _uploads?.Add(record);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public BlobWriter CreateBlob() => _local.CreateBlob();

    /// <inheritdoc/>
    public Digest Put(ReadOnlySpan<byte> content) => _local.Put(content);

    /// <inheritdoc/>
    public void Bring(IEnumerable<Digest> blobs) => _blobs.Bring(blobs);

    /// <inheritdoc/>
    public string Open(Digest digest)
    {
        _blobs.Bring([digest]);
        return _local.Open(digest);
    }

    /// <inheritdoc/>
    public byte[] Read(Digest digest)
    {
        _blobs.Bring([digest]);
        return _local.Read(digest);
    }

    /// <summary>Waits for what is still being written to the remote store, and says what could not be.</summary>
    public async ValueTask DisposeAsync()
    {
        int notWritten = 0;
        if (_uploads is not null)
        {
            Task<int> writing = _uploads.CompleteAsync();
            if (Waits is not null && await Task.WhenAny(writing, Task.Delay(Quiet, _time)) != writing)
                Waits(_uploads.Left);
            notWritten = await writing;
        }
        _notices.Close(notWritten);
        _remote.Dispose();
    }
}
