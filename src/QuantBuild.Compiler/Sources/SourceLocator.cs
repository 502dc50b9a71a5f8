using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>Finds a checkpoint of the Hub in the download cache, or brings what is needed of it there.</summary>
/// <param name="access">The Hub and the cache.</param>
/// <param name="reference">Repository and revision.</param>
/// <param name="span">Place that names it; null without a manifest.</param>
/// <param name="ct">Ends the work; what has arrived is kept.</param>
internal sealed class SourceLocator(HubAccess access, HubReference reference, SourceSpan? span, CancellationToken ct)
{
    private readonly HubCache _cache = access.Cache;

    /// <summary>The checkpoint with all its weights.</summary>
    /// <param name="experts">The experts' folders; null for those that the layout has.</param>
    /// <param name="encoders">Whether text encoder, tokenizer and autoencoder are wanted; the original layout does not have them.</param>
    /// <param name="check">Called with the heads before weights are downloaded: may refuse to go on.</param>
    /// <param name="observer">Told when the cache must do in place of the Hub.</param>
    /// <exception cref="DiagnosticException">It cannot be fetched (QB2013, and the Hub's own code).</exception>
    public CheckpointLocation Fetch(ImmutableArray<string>? experts, bool encoders, Action<CheckpointLocation> check,
        IBuildObserver observer) => Translate(() =>
    {
        using HubClient? client = access.Connect(ct);
        Found found = Find(client, experts, encoders, observer);
        if (found.IsComplete)
            return Complete(found);
        check(Heads(client!, found));
        Download(client!, found);
        return Complete(found);
    });

    /// <summary>The checkpoint as far as it is in the cache, else with the heads of its weights alone.</summary>
    /// <param name="experts">As for <see cref="Fetch"/>.</param>
    /// <param name="encoders">As for <see cref="Fetch"/>.</param>
    /// <param name="observer">As for <see cref="Fetch"/>.</param>
    /// <exception cref="DiagnosticException">As for <see cref="Fetch"/>.</exception>
    public CheckpointLocation Look(ImmutableArray<string>? experts, bool encoders, IBuildObserver observer) => Translate(() =>
    {
        using HubClient? client = access.Connect(ct);
        Found found = Find(client, experts, encoders, observer);
        return found.IsComplete ? Complete(found) : Heads(client!, found);
    });

    /// <summary>A commit, and what is needed of it.</summary>
    /// <param name="Commit">The commit.</param>
    /// <param name="Files">The files that are needed.</param>
    /// <param name="Paths">All files of the commit.</param>
    /// <param name="IsComplete">Whether the cache has all that are needed.</param>
    private sealed record Found(string Commit, CheckpointFiles Files, ImmutableArray<string> Paths, bool IsComplete);

    private Found Find(HubClient? client, ImmutableArray<string>? experts, bool encoders, IBuildObserver observer)
    {
        Found? cached = _cache.FindCommit(reference.Repository, reference.Revision) is { } known ? Of(known, InCache(known)) : null;
        cached = cached is { IsComplete: true } ? cached : null;
        if (client is null)
            return cached ?? throw new DiagnosticException(Descriptors.HubOffline.At(null, reference));
        // A commit never changes: what the cache has of it needs no Hub.
        if (cached?.Commit == reference.Revision)
            return cached;
        try
        {
            HubRevision revision = client.RevisionAsync(reference.Repository, reference.Revision, ct).GetAwaiter().GetResult();
            return Of(revision.Commit, revision.Files);
        }
        catch (DiagnosticException failure) when (cached is not null && failure.Diagnostics[0].Descriptor == Descriptors.HubUnreachable)
        {
            observer.Report(Descriptors.SourceFromCache.At(span, reference, cached.Commit));
            return cached;
        }

        Found Of(string commit, ImmutableArray<string> paths)
        {
            var files = CheckpointFiles.Of(experts, encoders, paths);
            return new Found(commit, files, paths, HasAll(files, commit));
        }
    }

    private ImmutableArray<string> InCache(string commit)
    {
        string folder = _cache.SnapshotFolder(reference.Repository, commit);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))]
            : [];
    }

    /// <summary>Whether the cache has every file that is needed of a commit.</summary>
    private bool HasAll(CheckpointFiles files, string commit)
    {
        string folder = _cache.SnapshotFolder(reference.Repository, commit);
        try
        {
            return (!files.Encoders || HasTokenizer(CheckpointFiles.Tokenizer))
                && (files.Pickles.IsEmpty || HasTokenizer(PipelineFolders.OriginalTokenizer))
                && files.Pickles.Concat(files.ExpertFiles).All(Has)
                && files.Weights.All(weights => Has($"{weights.Folder}/config.json")
                    && ShardedCheckpoint.FileNames(Path.Combine(folder, weights.Folder), weights.Stem)
                    .All(name => Has($"{weights.Folder}/{name}")));
        }
        catch (Exception e) when (e is SafeTensorsException or IOException or UnauthorizedAccessException)
        {
            return false;
        }

        bool HasTokenizer(string tokenizer) => Has($"{tokenizer}/tokenizer.json") || Has($"{tokenizer}/spiece.model");

        bool Has(string path) => _cache.Find(reference.Repository, commit, path) is not null;
    }

    private void Download(HubClient client, Found found)
    {
        HubDownload.FetchAsync(client, _cache, reference with { Revision = found.Commit }, found.Files.Needs, access.Progress, ct)
            .GetAwaiter().GetResult();
        // Only now: what the branch was last seen at must be complete for those who work without the Hub.
        _cache.Remember(reference.Repository, reference.Revision, found.Commit);
    }

    private CheckpointLocation Complete(Found found) =>
        new(_cache.SnapshotFolder(reference.Repository, found.Commit), reference, found.Commit);

    private CheckpointLocation Heads(HubClient client, Found found)
    {
        HubSnapshot small = HubDownload.FetchAsync(client, _cache, reference with { Revision = found.Commit }, found.Files.IsSmall, ct: ct)
            .GetAwaiter().GetResult();
        var heads = new ConcurrentDictionary<string, RemoteHead>(StringComparer.Ordinal);
        Parallel.ForEachAsync(found.Paths.Where(found.Files.IsWeights),
            new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = client.Options.Parallel },
            async (path, token) => heads[path] = await RemoteHead.FetchAsync(client, reference.Repository, found.Commit, path, token))
                .GetAwaiter().GetResult();
        return new CheckpointLocation(small.Folder, reference, found.Commit, heads.ToImmutableDictionary(StringComparer.Ordinal),
            HeadersOnly: true) { ComingPickles = found.Files.Pickles };
    }

    /// <summary>Says where the manifest asks for what the Hub could not give.</summary>
    private CheckpointLocation Translate(Func<CheckpointLocation> work)
    {
        try
        {
            return work();
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor.Code.StartsWith("QB5", StringComparison.Ordinal))
        {
            throw new DiagnosticException([Descriptors.SourceNotFetched.At(span, reference, failure.Diagnostics[0].Message),
                .. failure.Diagnostics]);
        }
        catch (SafeTensorsException failure)
        {
            throw new DiagnosticException(Descriptors.SourceNotFetched.At(span, reference, failure.Message), failure);
        }
    }
}
