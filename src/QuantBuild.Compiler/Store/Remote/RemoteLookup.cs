using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Results of a remote store, brought to this machine. Each action is looked up once; a miss is remembered.</summary>
/// <param name="remote">The remote store.</param>
/// <param name="local">Gets records and blobs.</param>
/// <param name="allowance">What it may cost.</param>
/// <param name="notices">Told of trouble.</param>
/// <param name="ct">Ends all of it.</param>
internal sealed class RemoteLookup(RemoteStore remote, ContentStore local, RemoteAllowance allowance, RemoteNotices notices,
    CancellationToken ct)
{
    // Transfers of one result at a time: its blobs are few, and other actions are looked up beside it.
    private const int Parallel = 4;

    private readonly ConcurrentDictionary<Digest, bool> _unusable = new();
    private readonly ConcurrentDictionary<Digest, Lazy<Task<ActionRecord?>>> _asked = new();

    /// <summary>What an action produced, with its blobs in the local store; null when the remote store does not have all of it.</summary>
    public Task<ActionRecord?> FindAsync(Digest key) =>
        _asked.GetOrAdd(key, key => new Lazy<Task<ActionRecord?>>(() => TakeAsync(key))).Value;

    /// <summary>Whether the remote store has a blob of this name with other content, and is to be given the right one.</summary>
    public bool IsUnusable(BlobRef blob) => _unusable.ContainsKey(blob.Digest);

    private async Task<ActionRecord?> TakeAsync(Digest key)
    {
        if (allowance.IsSpent)
            return null;
        try
        {
            ActionRecord? record = await allowance.CallAsync(0, ct => remote.Actions.FindAsync(key, ct).AsTask(), ct);
            if (record is null)
                return null;
            if (RecordCheck.FaultOf(record) is { } fault)
            {
                notices.Unusable(record, fault);
                return null;
            }
            return await TakeBlobsAsync(record) ? record : null;
        }
        catch (Exception failure) when (IsTrouble(failure))
        {
            notices.Failed(failure, allowance.IsSpent);
            return null;
        }
    }

    private async Task<bool> TakeBlobsAsync(ActionRecord record)
    {
        var faults = new ConcurrentQueue<string>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct };
        IEnumerable<BlobRef> missing = record.Outputs.Values.Distinct().Where(blob => !local.Contains(blob.Digest));
        await System.Threading.Tasks.Parallel.ForEachAsync(missing, options, async (blob, ct) =>
        {
            if (faults.IsEmpty
                && await allowance.CallAsync(blob.Size, ct => BlobFetch.CopyAsync(remote.Blobs, local, blob, ct), ct) is { } fault)
            {
                faults.Enqueue(fault);
                _unusable[blob.Digest] = true;
            }
        });
        if (faults.TryPeek(out string? first))
        {
            notices.Unusable(record, first);
            return false;
        }
        local.PutAction(record);
        return true;
    }

    /// <summary>Whether a failure is the remote store's, or that of keeping what it sent. The build goes on without it.</summary>
    internal static bool IsTrouble(Exception failure) =>
        StoreErrors.IsFileSystem(failure) || failure is DiagnosticException or InvalidDataException;
}
