namespace QuantBuild.Compiler.Store;

/// <summary>Decides what a store can do without and deletes it.</summary>
/// <remarks>
/// The caller has passed the gate alone. Nothing that a living session used or made is touched: records it found or wrote
/// have a write time, and blobs it published a change time, at or after its start, and <paramref name="protectedFrom"/> is
/// the start of the oldest. A grace period by the clock would be simpler, but a build can outlast any such period.
/// </remarks>
/// <param name="layout">The store.</param>
/// <param name="protectedFrom">Start of the oldest living session, in ticks.</param>
internal sealed class StoreCleaner(StoreLayout layout, long protectedFrom)
{
    private int _removedActions;
    private int _removedBlobs;
    private long _removedBlobBytes;
    private long _removedOtherBytes;

    /// <summary>Removes the least recently used actions until the rest fits, then all that no action refers to.</summary>
    /// <param name="maxBytes">Most bytes of blobs to keep.</param>
    /// <param name="usedBefore">Removes every action last used before this time, in ticks, whatever its size.</param>
    public PruneResult Run(long maxBytes, long usedBefore)
    {
        StoreContents contents = StoreContents.Read(layout);
        foreach (string path in contents.DamagedRecords)
            AtomicFile.TryDelete(path);

        Dictionary<Digest, int> references = CountReferences(contents);
        long bytes = contents.Blobs.Values.Where(blob => references.ContainsKey(blob.Digest) || IsProtected(blob))
            .Sum(blob => blob.Stamp.Size);
        int kept = 0;
        foreach (StoredAction action in contents.Actions.OrderBy(action => action.LastUsed)
            .ThenBy(action => action.Path, StringComparer.Ordinal))
        {
            bool unwanted = bytes > maxBytes || action.LastUsed < usedBefore;
            if (!unwanted || action.LastUsed >= protectedFrom || !AtomicFile.TryDelete(action.Path))
            {
                kept++;
                continue;
            }
            _removedActions++;
            foreach (Digest output in action.Record.Outputs.Values.Select(output => output.Digest).Distinct())
            {
                if (--references[output] == 0 && contents.Blobs.TryGetValue(output, out StoredBlob? blob) && !IsProtected(blob))
                    bytes -= blob.Stamp.Size;
            }
        }
        RemoveOrphans(contents, references);
        RemoveLeftovers();
        return new PruneResult(_removedActions, _removedBlobs, _removedBlobBytes + _removedOtherBytes, kept,
            contents.Blobs.Values.Sum(blob => blob.Stamp.Size) - _removedBlobBytes);
    }

    private static Dictionary<Digest, int> CountReferences(StoreContents contents)
    {
        var references = new Dictionary<Digest, int>();
        foreach (Digest output in contents.Actions.SelectMany(action => action.Record.Outputs.Values.Select(output => output.Digest)
            .Distinct()))
            references[output] = references.GetValueOrDefault(output) + 1;
        return references;
    }

    /// <summary>Where the file system keeps no time of change, a blob might be of any session.</summary>
    private bool IsProtected(StoredBlob blob) =>
        blob.Stamp.Changed == 0 ? protectedFrom != long.MaxValue : blob.Stamp.Changed >= protectedFrom;

    private void RemoveOrphans(StoreContents contents, Dictionary<Digest, int> references)
    {
        foreach (StoredBlob blob in contents.Blobs.Values)
        {
            if (references.GetValueOrDefault(blob.Digest) > 0 || IsProtected(blob) || !AtomicFile.TryDelete(blob.Path))
                continue;
            _removedBlobs++;
            _removedBlobBytes += blob.Stamp.Size;
        }
    }

    /// <summary>What dead processes left, and memory of files that are gone.</summary>
    private void RemoveLeftovers()
    {
        _removedOtherBytes += StoreLeftovers.Remove(layout);
        foreach (string path in StoreLayout.Files(layout.Memo))
        {
            if (FileMemo.Subject(path) is not { } subject || !File.Exists(subject))
                AtomicFile.TryDelete(path);
        }
    }
}
