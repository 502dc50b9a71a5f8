using System.Collections.Concurrent;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>
/// Blobs of results that were found in a remote store, brought to this machine when they are needed: a layer needs the recordings of its
/// site, and an artifact none. A result whose blobs have all arrived is one of the local store.
/// </summary>
/// <param name="remote">The remote store.</param>
/// <param name="local">Gets records and blobs.</param>
/// <param name="history">What it may cost, and what it could not give.</param>
/// <param name="notices">Told of trouble.</param>
/// <param name="ct">Ends transfers.</param>
internal sealed class RemoteBlobs(RemoteStore remote, ContentStore local, RemoteHistory history, RemoteNotices notices,
    CancellationToken ct)
{
    // Transfers that one caller waits for; others have their own beside it.
    private const int Parallel = 4;

    // A result of a layer is below, the recordings of a sample of a real model are far above.
    private const long Small = 256 << 20;

    private readonly ConcurrentDictionary<Digest, BlobRef> _known = new();
    private readonly ConcurrentDictionary<Digest, Lazy<Task>> _fetching = new();
    private readonly Dictionary<Digest, List<Awaited>> _awaited = [];
    private readonly Lock _lock = new();

    /// <summary>Remembers what a result consists of, in case that the local store loses it.</summary>
    public void Know(ActionRecord record)
    {
        foreach (BlobRef blob in record.Outputs.Values)
            _known[blob.Digest] = blob;
    }

    /// <summary>A result was found there: it is remembered here as soon as its last blob has arrived.</summary>
    public void Expect(ActionRecord record)
    {
        Know(record);
        var awaited = new Awaited(record);
        lock (_lock)
        {
            foreach (BlobRef blob in record.Outputs.Values.Distinct().Where(blob => !IsHere(blob.Digest)))
            {
                if (!_awaited.TryGetValue(blob.Digest, out List<Awaited>? waiting))
                    _awaited.Add(blob.Digest, waiting = []);
                waiting.Add(awaited);
                awaited.Left++;
            }
        }
        if (awaited.Left == 0)
            local.PutAction(record);
    }

    /// <summary>Brings what is not here; what cannot be had is told, and missing afterwards.</summary>
    public void Bring(IEnumerable<Digest> blobs)
    {
        Digest[] missing = [.. blobs.Distinct().Where(blob => !IsHere(blob) && _known.ContainsKey(blob) && !history.IsDistrusted(blob))];
        if (missing.Length == 0)
            return;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct };
        System.Threading.Tasks.Parallel.ForEachAsync(missing, options, async (blob, ct) => await FetchAsync(_known[blob]).WaitAsync(ct))
            .GetAwaiter().GetResult();
    }

    /// <summary>
    /// Whether all blobs of a result can be had: they are brought here, or, where they are too many for that, the remote store says so.
    /// </summary>
    public async Task<bool> AreUsableAsync(ActionRecord record)
    {
        BlobRef[] missing = [.. record.Outputs.Values.Distinct().Where(blob => !IsHere(blob.Digest))];
        if (missing.Sum(blob => blob.Size) <= Small)
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct };
            await System.Threading.Tasks.Parallel.ForEachAsync(missing, options, async (blob, _) => await FetchAsync(blob));
            return !history.IsDistrusted(record);
        }
        foreach (BlobRef blob in missing)
        {
            if (await history.Reading.CallAsync(0, ct => remote.Blobs.ContainsAsync(blob, ct).AsTask(), ct))
                continue;
            history.Distrust(blob.Digest);
            notices.Unusable(record, $"its blob {blob.Digest.Short} is missing");
            return false;
        }
        return true;
    }

    private bool IsHere(Digest blob) => File.Exists(local.PathOf(blob));

    private async Task FetchAsync(BlobRef blob)
    {
        Lazy<Task> fetching = _fetching.GetOrAdd(blob.Digest, _ => new Lazy<Task>(() => FetchOnceAsync(blob)));
        try
        {
            await fetching.Value;
        }
        finally
        {
            _fetching.TryRemove(KeyValuePair.Create(blob.Digest, fetching));
        }
    }

    private async Task FetchOnceAsync(BlobRef blob)
    {
        // Another caller's transfer may have ended since this one looked.
        if (IsHere(blob.Digest))
            return;
        try
        {
            string? fault = history.Reading.IsSpent ? "" : await history.Reading.CallAsync(blob.Size,
                ct => BlobFetch.CopyAsync(remote.Blobs, local, blob, ct), ct);
            if (fault is null)
            {
                Arrived(blob);
                return;
            }
            history.Distrust(blob.Digest);
            if (fault.Length > 0)
                Tell(blob, fault);
        }
        catch (Exception failure) when (RemoteLookup.IsTrouble(failure))
        {
            history.Distrust(blob.Digest);
            notices.Failed(failure, history.Reading.IsSpent);
        }
    }

    private void Tell(BlobRef blob, string fault)
    {
        lock (_lock)
        {
            if (_awaited.TryGetValue(blob.Digest, out List<Awaited>? waiting))
                waiting.ForEach(awaited => notices.Unusable(awaited.Record, fault));
        }
    }

    private void Arrived(BlobRef blob)
    {
        List<Awaited> whole;
        lock (_lock)
        {
            whole = _awaited.Remove(blob.Digest, out List<Awaited>? waiting) ? waiting.FindAll(awaited => --awaited.Left == 0) : [];
        }
        whole.ForEach(awaited => local.PutAction(awaited.Record));
    }

    private sealed class Awaited(ActionRecord record)
    {
        public ActionRecord Record => record;

        public int Left { get; set; }
    }
}
