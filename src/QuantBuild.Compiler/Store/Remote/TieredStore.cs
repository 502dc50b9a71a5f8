using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>
/// The local store with one behind it that others share. A result that is not here is looked up there, once per action, and
/// brought here with all its blobs, each hashed on arrival; what is made here is written there in the background.
/// </summary>
/// <remarks>
/// The remote store decides nothing but time: a result that is damaged, incomplete or late is a miss, and a store that fails
/// or stalls costs a build <see cref="Allowance"/> for reading and the same for writing at most.
/// </remarks>
internal sealed class TieredStore : IActionCache, IBlobFiles, IAsyncDisposable
{
    /// <summary>The time that a build loses to a remote store at most, for reading and for writing each.</summary>
    public static readonly TimeSpan Allowance = TimeSpan.FromSeconds(30);

    private readonly ContentStore _local;
    private readonly RemoteStore _remote;
    private readonly RemoteAllowance _reading;
    private readonly RemoteNotices _notices;
    private readonly RemoteLookup _lookup;
    private readonly RemoteUploads? _uploads;
    private readonly CancellationToken _ct;
    private readonly ConcurrentDictionary<Digest, BlobRef> _known = new();

    /// <summary>Puts one behind the other.</summary>
    /// <param name="local">The store on this machine.</param>
    /// <param name="remote">The one behind it.</param>
    /// <param name="readOnly">Whether nothing is written there.</param>
    /// <param name="notice">Told of trouble, from any thread.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends transfers.</param>
    public TieredStore(ContentStore local, RemoteStore remote, bool readOnly, Action<Diagnostic> notice, TimeProvider time,
        CancellationToken ct)
    {
        _local = local;
        _remote = remote;
        _ct = ct;
        _notices = new RemoteNotices(remote.Name, notice);
        _reading = new RemoteAllowance(Allowance, time);
        _lookup = new RemoteLookup(remote, local, _reading, _notices, ct);
        _uploads = readOnly ? null : new RemoteUploads(remote, local, new RemoteAllowance(Allowance, time), _notices,
            _lookup.IsUnusable, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default)
    {
        ActionRecord? record = _local.FindAction(key) ?? await _lookup.FindAsync(key).WaitAsync(ct);
        foreach (BlobRef blob in record?.Outputs.Values ?? [])
            _known[blob.Digest] = blob;
        return record;
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(ActionRecord record, CancellationToken ct = default)
    {
        _local.PutAction(record);
        _uploads?.Add(record);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public BlobWriter CreateBlob() => _local.CreateBlob();

    /// <inheritdoc/>
    public Digest Put(ReadOnlySpan<byte> content) => _local.Put(content);

    /// <inheritdoc/>
    public string Open(Digest digest)
    {
        Restore(digest);
        return _local.Open(digest);
    }

    /// <inheritdoc/>
    public byte[] Read(Digest digest)
    {
        Restore(digest);
        return _local.Read(digest);
    }

    /// <summary>Waits for what is still being written to the remote store, and says what could not be.</summary>
    public async ValueTask DisposeAsync()
    {
        _notices.Close(_uploads is null ? 0 : await _uploads.CompleteAsync());
        _remote.Dispose();
    }

    /// <summary>Brings back a blob of a result that was found and that the local store has lost since.</summary>
    private void Restore(Digest digest)
    {
        if (File.Exists(_local.PathOf(digest)) || !_known.TryGetValue(digest, out BlobRef blob) || _reading.IsSpent)
            return;
        try
        {
            _reading.CallAsync(blob.Size, ct => BlobFetch.CopyAsync(_remote.Blobs, _local, blob, ct), _ct).GetAwaiter().GetResult();
        }
        catch (Exception failure) when (RemoteLookup.IsTrouble(failure))
        {
            _notices.Failed(failure, _reading.IsSpent);
        }
    }
}
