using System.Threading.Channels;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Writes results to a remote store while the build goes on: blobs first, then the record that names them.</summary>
internal sealed class RemoteUploads
{
    /// <summary>Results that wait at most; beyond that they are dropped, so that a slow store does not hold up the build.</summary>
    public const int Capacity = 4096;

    private const int Writers = 2;

    private readonly Channel<ActionRecord> _waiting = Channel.CreateBounded<ActionRecord>(Capacity);
    private readonly RemoteStore _remote;
    private readonly ContentStore _local;
    private readonly RemoteHistory _history;
    private readonly RemoteNotices _notices;
    private readonly CancellationToken _ct;
    private readonly Task _writing;
    private int _dropped;
    private int _left;

    /// <summary>Begins to write.</summary>
    /// <param name="remote">The remote store.</param>
    /// <param name="local">Has the blobs.</param>
    /// <param name="history">What waiting for it at the end may cost, and which blobs that are there have to be replaced.</param>
    /// <param name="notices">Told of trouble.</param>
    /// <param name="ct">Ends it; what waits is dropped.</param>
    public RemoteUploads(RemoteStore remote, ContentStore local, RemoteHistory history, RemoteNotices notices, CancellationToken ct)
    {
        (_remote, _local, _history, _notices, _ct) = (remote, local, history, notices, ct);
        _writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteAsync, CancellationToken.None)));
    }

    /// <summary>Results that are still to be written.</summary>
    public int Left => Volatile.Read(ref _left);

    /// <summary>Takes a result whose blobs are in the local store.</summary>
    public void Add(ActionRecord record)
    {
        Interlocked.Increment(ref _left);
        if (_waiting.Writer.TryWrite(record))
            return;
        Interlocked.Decrement(ref _left);
        Interlocked.Increment(ref _dropped);
    }

    /// <summary>Waits until everything is written or the allowance is spent.</summary>
    /// <returns>Results that were not written.</returns>
    public async Task<int> CompleteAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing;
        return _dropped;
    }

    private async Task WriteAsync()
    {
        await foreach (ActionRecord record in _waiting.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (_ct.IsCancellationRequested || _history.Writing.IsSpent || !await TryWriteAsync(record))
                Interlocked.Increment(ref _dropped);
            Interlocked.Decrement(ref _left);
        }
    }

    private async Task<bool> TryWriteAsync(ActionRecord record)
    {
        try
        {
            // What damaged one blob may have damaged those beside it, which nobody has read then.
            bool anew = _history.IsDistrusted(record);
            foreach (BlobRef blob in record.Outputs.Values.Distinct())
            {
                if (!await _history.Writing.CallAsync(blob.Size, ct => TryWriteAsync(blob, anew, ct), _ct))
                    return false;
            }
            return await _history.Writing.CallAsync(0, async ct =>
            {
                await _remote.Actions.PutAsync(record, ct);
                return true;
            }, _ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception failure) when (RemoteLookup.IsTrouble(failure))
        {
            _notices.Failed(failure, _history.Writing.IsSpent);
            return false;
        }
    }

    /// <summary>Writes a blob that is not there, or anew; false when the local store has lost it.</summary>
    private async Task<bool> TryWriteAsync(BlobRef blob, bool anew, CancellationToken ct)
    {
        if (!anew && await _remote.Blobs.ContainsAsync(blob, ct))
            return true;
        await using Stream? content = await ((IBlobStore)_local).OpenAsync(blob, 0, ct);
        if (content is null)
            return false;
        await _remote.Blobs.PutAsync(blob, content, ct);
        return true;
    }
}
