using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Results of a remote store. Each action is looked up once; a miss is remembered.</summary>
/// <param name="remote">The remote store.</param>
/// <param name="blobs">Brings what results consist of.</param>
/// <param name="history">What it may cost, and what it could not give.</param>
/// <param name="notices">Told of trouble.</param>
/// <param name="careful">Whether a result counts only when all its blobs can be had.</param>
/// <param name="ct">Ends all of it.</param>
internal sealed class RemoteLookup(RemoteStore remote, RemoteBlobs blobs, RemoteHistory history, RemoteNotices notices, bool careful,
    CancellationToken ct)
{
    private readonly ConcurrentDictionary<Digest, Lazy<Task<ActionRecord?>>> _asked = new();

    /// <summary>What an action produced; null when the remote store does not have it, or could not give a part of it.</summary>
    public async Task<ActionRecord?> FindAsync(Digest key)
    {
        ActionRecord? record = await _asked.GetOrAdd(key, key => new Lazy<Task<ActionRecord?>>(() => AskAsync(key))).Value;
        return record is null || history.IsDistrusted(record) ? null : record;
    }

    private async Task<ActionRecord?> AskAsync(Digest key)
    {
        if (history.Reading.IsSpent)
            return null;
        try
        {
            ActionRecord? record = await history.Reading.CallAsync(0, ct => remote.Actions.FindAsync(key, ct).AsTask(), ct);
            if (record is null || history.IsDistrusted(record))
                return null;
            if (RecordCheck.FaultOf(record) is { } fault)
            {
                notices.Unusable(record, fault);
                return null;
            }
            blobs.Expect(record);
            return careful && !await blobs.AreUsableAsync(record) ? null : record;
        }
        catch (Exception failure) when (IsTrouble(failure))
        {
            notices.Failed(failure, history.Reading.IsSpent);
            return null;
        }
    }

    /// <summary>Whether a failure is the remote store's, or that of keeping what it sent. The build goes on without it.</summary>
    internal static bool IsTrouble(Exception failure) =>
        StoreErrors.IsFileSystem(failure) || failure is DiagnosticException or InvalidDataException;
}
