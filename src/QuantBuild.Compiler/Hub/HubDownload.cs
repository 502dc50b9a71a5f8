using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>Brings files of a repository into the local cache.</summary>
internal static class HubDownload
{
    /// <summary>Brings the files of a revision that are not in the cache yet. What was begun before is gone on with.</summary>
    /// <param name="client">The Hub; null to use the cache alone.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="reference">Repository and revision.</param>
    /// <param name="wanted">Tells which paths to bring.</param>
    /// <param name="progress">Told of bytes.</param>
    /// <param name="ct">Ends the work; what has arrived is kept.</param>
    /// <exception cref="DiagnosticException">
    /// See <see cref="HubClient"/>; a file arrives damaged (QB5031); the cache leads elsewhere (QB5032) or lacks files (QB5033).
    /// </exception>
    public static async Task<HubSnapshot> FetchAsync(HubClient? client, HubCache cache, HubReference reference, Func<string, bool> wanted,
        IProgress<TransferStatus>? progress = null, CancellationToken ct = default)
    {
        if (client is null)
            return FromCache(cache, reference, wanted);
        HubRevision revision = await client.RevisionAsync(reference.Repository, reference.Revision, ct);
        ImmutableArray<string> paths = [.. revision.Files.Where(wanted).Select(HubFile.Checked)];
        try
        {
            RemoteFile[] missing = await DescribeAsync(client, reference.Repository, revision.Commit,
                paths.Where(path => cache.Find(reference.Repository, revision.Commit, path) is null), ct);
            var meter = new TransferMeter(missing.Sum(file => file.Size), progress, client.Options.Time);
            await Parallel.ForEachAsync(missing,
                new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = client.Options.Parallel },
                async (file, token) =>
                    await new FileDownload(client, cache, reference.Repository, revision.Commit, file, meter).RunAsync(token));
            cache.Remember(reference.Repository, reference.Revision, revision.Commit);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, cache.SnapshotFolder(reference.Repository, revision.Commit));
        }
        return new HubSnapshot(revision.Commit, cache.SnapshotFolder(reference.Repository, revision.Commit), paths);
    }

    private static HubSnapshot FromCache(HubCache cache, HubReference reference, Func<string, bool> wanted)
    {
        string? commit = cache.FindCommit(reference.Repository, reference.Revision);
        string folder = commit is null ? "" : cache.SnapshotFolder(reference.Repository, commit);
        ImmutableArray<string> files = commit is null || !Directory.Exists(folder) ? [] : [.. Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
            .Where(path => wanted(path) && cache.Find(reference.Repository, commit, path) is not null)
            .Order(StringComparer.Ordinal)];
        return files.IsEmpty
            ? throw new DiagnosticException(Descriptors.HubOffline.At(null, reference))
            : new HubSnapshot(commit!, folder, files);
    }

    private static async Task<RemoteFile[]> DescribeAsync(HubClient client, RepoId repository, string commit, IEnumerable<string> paths,
        CancellationToken ct)
    {
        string[] all = [.. paths];
        var files = new RemoteFile[all.Length];
        await Parallel.ForEachAsync(Enumerable.Range(0, all.Length),
            new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = client.Options.Parallel },
            async (i, token) => files[i] = await DescribeAsync(client, repository, commit, all[i], token));
        return files;
    }

    private static async Task<RemoteFile> DescribeAsync(HubClient client, RepoId repository, string commit, string path,
        CancellationToken ct)
    {
        HubRequest request = FileDownload.Request(HttpMethod.Head, client.Transport, repository, commit, path);
        using HttpResponseMessage response = await client.Transport.SendAsync(request, ct);
        string etag = (HubFailures.Header(response, "X-Linked-Etag") ?? HubFailures.Header(response, "ETag") ?? "").Replace("W/", "",
            StringComparison.Ordinal).Trim('"');
        string? fault = etag.Length is not (40 or 64) || !etag.All(char.IsAsciiHexDigitLower) ? "the file has no digest"
            : HubFailures.Header(response, "X-Repo-Commit") is { } other && other != commit ? "it is about another commit" : null;
        string? size = HubFailures.Header(response, "X-Linked-Size")
            ?? (response.IsSuccessStatusCode ? HubFailures.Header(response, "Content-Length") : null);
        if (fault is null && !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            fault = "the file has no size";
        return fault is null ? new RemoteFile(path, etag, long.Parse(size!, CultureInfo.InvariantCulture))
            : throw new DiagnosticException(Descriptors.HubAnswerInvalid.At(null, request.Purpose, fault, client.Transport.TextOf(request)
                .IdOf(response)));
    }
}
