using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>Sends files to a branch as one commit.</summary>
internal static class HubUpload
{
    /// <summary>How often a commit whose answer was lost, and which was not made, is tried again.</summary>
    private const int MostCommits = 4;

    /// <summary>Finds out what must be sent. Changes nothing.</summary>
    /// <param name="client">The Hub.</param>
    /// <param name="repository">The repository; one that does not exist yet has no files.</param>
    /// <param name="revision">The branch.</param>
    /// <param name="files">The files; paths are unique.</param>
    /// <param name="ct">Ends the calls.</param>
    public static async Task<UploadPlan> PlanAsync(HubClient client, RepoId repository, string revision, IReadOnlyList<HubFile> files,
        CancellationToken ct = default)
    {
        if (files.GroupBy(file => file.Path, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"'{twice.Key}' is there twice", nameof(files));
        if (await client.FindRevisionAsync(repository, revision, ct) is not { } head)
            return new UploadPlan(repository, revision, null,
                [.. files.Select(file => new UploadItem(file, file.Size > 0, UploadState.New))]);
        ImmutableArray<PreuploadAnswer> answers = await client.PreuploadAsync(repository, revision, files, pullRequest: false, ct);
        Dictionary<string, HubEntry> there = (await client.EntriesAsync(repository, head.Commit, files.Select(file => file.Path), ct))
            .ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        return new UploadPlan(repository, revision, head.Commit, [.. files.Zip(answers, (file, answer) =>
            new UploadItem(file, answer.Large, answer.Ignored ? UploadState.Ignored : StateOf(file, there.GetValueOrDefault(file.Path))))]);
    }

    /// <summary>Sends what the plan says and commits it, on top of the commit that the plan was made for.</summary>
    /// <param name="client">The Hub.</param>
    /// <param name="plan">From <see cref="PlanAsync"/>; its branch exists.</param>
    /// <param name="message">The commit's first line, and what follows it.</param>
    /// <param name="pullRequest">Whether to open a pull request instead of changing the branch.</param>
    /// <param name="progress">Told of bytes.</param>
    /// <param name="ct">Ends the work; what was sent is kept.</param>
    /// <returns>The commit; null when there was nothing to send.</returns>
    /// <exception cref="DiagnosticException">
    /// See <see cref="HubClient"/>; the branch moved (QB5024); the repository has something else afterwards (QB5029).
    /// </exception>
    public static async Task<HubCommit?> RunAsync(HubClient client, UploadPlan plan, (string Summary, string Description) message,
        bool pullRequest = false, IProgress<TransferStatus>? progress = null, CancellationToken ct = default)
    {
        ImmutableArray<UploadItem> items = [.. plan.ToSend];
        if (items.IsEmpty)
            return null;
        HubFile[] large = [.. items.Where(item => item.Large).Select(item => item.File)];
        HubFile[] small = [.. items.Where(item => !item.Large).Select(item => item.File)];
        var meter = new TransferMeter(large.DistinctBy(file => file.Digest).Sum(file => file.Size), progress, client.Options.Time);
        using (var upload = new LfsUpload(client.Transport, plan.Repository, pullRequest ? null : plan.Revision, meter))
            await upload.RunAsync(large, ct);
        foreach (HubFile file in small)
            file.RequireUnchanged();
        string lines = HubClient.CommitLines(message.Summary, message.Description, plan.Head, small, large, []);
        HubCommit commit = await CommitAsync(client, plan, items, lines, pullRequest, ct);
        await RequireSameAsync(client, plan.Repository, commit.Id, items, ct);
        return commit;
    }

    private static async Task<HubCommit> CommitAsync(HubClient client, UploadPlan plan, ImmutableArray<UploadItem> items, string lines,
        bool pullRequest, CancellationToken ct)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (await client.TryCommitAsync(plan.Repository, plan.Revision, lines, pullRequest, ct) is { } commit)
                return commit;
            if (pullRequest)
                throw new DiagnosticException(Descriptors.HubCommitUnclear.At(null, plan.Repository,
                    "a pull request may have been opened"));
            // The commit may have been made although nobody said so: the branch knows.
            string head = (await client.RevisionAsync(plan.Repository, plan.Revision, ct)).Commit;
            if (head != plan.Head)
            {
                return await FindDifferenceAsync(client, plan.Repository, head, items, ct) is { } difference
                    ? throw new DiagnosticException(Descriptors.HubBranchMoved.At(null, plan.Revision, plan.Repository,
                        $"it is at {head} now, where {difference}"))
                    : new HubCommit(head, null);
            }
            if (attempt == MostCommits)
                throw new DiagnosticException(Descriptors.HubCommitUnclear.At(null, plan.Repository,
                    $"the branch is still at {head} after {attempt} tries"));
            await Task.Delay(client.Options.FirstPause * attempt, client.Options.Time, ct);
        }
    }

    private static async Task RequireSameAsync(HubClient client, RepoId repository, string commit, ImmutableArray<UploadItem> items,
        CancellationToken ct)
    {
        if (await FindDifferenceAsync(client, repository, commit, items, ct) is { } difference)
            throw new DiagnosticException(Descriptors.HubContentDiffers.At(null, difference, repository, $"commit {commit}"));
    }

    /// <summary>The first file that a commit does not have as it was sent, in words; null when it has all of them.</summary>
    private static async Task<string?> FindDifferenceAsync(HubClient client, RepoId repository, string commit,
        ImmutableArray<UploadItem> items, CancellationToken ct)
    {
        Dictionary<string, HubEntry> there = (await client.EntriesAsync(repository, commit, items.Select(item => item.File.Path), ct))
            .ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        return items.FirstOrDefault(item =>
            StateOf(item.File, there.GetValueOrDefault(item.File.Path)) != UploadState.Unchanged)?.File.Path;
    }

    private static UploadState StateOf(HubFile file, HubEntry? entry) =>
        entry is null ? UploadState.New
        : entry.Size == file.Size && entry.Id == (entry.Large ? file.Digest.ToString() : file.GitId()) ? UploadState.Unchanged
        : UploadState.Changed;
}
