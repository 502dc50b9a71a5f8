using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

internal sealed partial class ContentStore
{
    /// <summary>Counts what is there. Nothing is read but the records.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public StoreStatistics Statistics() => Guarded(Root, () =>
    {
        StoreContents contents = StoreContents.Read(_layout);
        HashSet<Digest> referred = [.. contents.Actions.SelectMany(action => action.Record.Outputs.Values).Select(output => output.Digest)];
        return new StoreStatistics(contents.Actions.Count, contents.Blobs.Count,
            contents.Blobs.Values.Sum(blob => blob.Stamp.Size),
            contents.Blobs.Values.Where(blob => !referred.Contains(blob.Digest)).Sum(blob => blob.Stamp.Size),
            StoreLayout.Files(_layout.Temporary).Sum(path => FileStamp.Of(path)?.Size ?? 0),
            [.. contents.Actions.GroupBy(action => action.Record.Stage, StringComparer.Ordinal)
                .OrderBy(stage => stage.Key, StringComparer.Ordinal)
                .Select(stage => new StageStatistics(stage.Key, stage.Count(),
                    stage.Sum(action => action.Record.Outputs.Values.Sum(output => output.Size)),
                        stage.Sum(action => action.Record.Seconds)))]);
    });

    /// <summary>Removes the least recently used actions until the rest fits, and all that no action refers to.</summary>
    /// <remarks>Safe while builds run: nothing that a running build, or this store object, has used or made is removed.</remarks>
    /// <param name="maxBytes">Most bytes of blobs to keep.</param>
    /// <param name="olderThan">Also removes actions that no build has used for this long.</param>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public PruneResult Prune(long maxBytes, TimeSpan? olderThan = null) => Guarded(Root, () =>
    {
        using IDisposable clean = _gate.Clean();
        long usedBefore = olderThan is { } age ? DateTime.UtcNow.Ticks - age.Ticks : 0;
        return new StoreCleaner(_layout, StoreSession.OldestStart(_layout, except: null)).Run(maxBytes, usedBefore);
    });

    /// <summary>Removes everything but what other running builds have used or made.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public PruneResult Clear() => Guarded(Root, () =>
    {
        using IDisposable clean = _gate.Clean();
        foreach (string path in StoreLayout.Files(_layout.Memo))
            AtomicFile.TryDelete(path);
        return new StoreCleaner(_layout, StoreSession.OldestStart(_layout, except: Session)).Run(maxBytes: -1,
            usedBefore: long.MaxValue);
    });

    /// <summary>Reads and hashes every blob, removing what is damaged and the records that refer to it.</summary>
    /// <param name="progress">Told of bytes as they are read, from several threads.</param>
    /// <param name="ct">Ends the work.</param>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public VerifyResult Verify(IProgress<long>? progress = null, CancellationToken ct = default) => Guarded(Root, () =>
    {
        StoreContents contents = StoreContents.Read(_layout);
        var damaged = new ConcurrentBag<Digest>();
        var options = new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(contents.Blobs.Values, options, blob =>
        {
            if (OrNothing(() => FastDigest.BothOf(blob.Path, progress, ct)) is { } found && found.Digest == blob.Digest)
            {
                _fast[blob.Digest] = found.Fast;
                Trust(blob.Path, blob.Digest, blob.Stamp);
            }
            else if (FileStamp.Of(blob.Path) == blob.Stamp)
            {
                RemoveDamaged(blob.Path, blob.Stamp);
                damaged.Add(blob.Digest);
            }
        });
        int removedRecords = contents.DamagedRecords.Count(AtomicFile.TryDelete)
            + contents.Actions.Count(action =>
                action.Record.Outputs.Values.Any(output => FileStamp.Of(PathOf(output.Digest))?.Size != output.Size)
                && AtomicFile.TryDelete(action.Path));
        return new VerifyResult(contents.Blobs.Count, contents.Blobs.Values.Sum(blob => blob.Stamp.Size),
            [.. damaged.OrderBy(digest => digest.ToString(), StringComparer.Ordinal)], removedRecords);
    });
}
