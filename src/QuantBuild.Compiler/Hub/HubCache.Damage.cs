using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

internal sealed partial class HubCache
{
    /// <summary>
    /// Removes the files of a commit whose content is not what their names in the cache say: SHA-256 of a large file, git's blob id of a
    /// small one. They are then fetched again. Reads everything, so only for when something is wrong.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <param name="ct">Ends the work.</param>
    /// <returns>
    /// Paths in the repository of what was removed. Copies, which stand where no links can be made, have no digest and are left alone.
    /// </returns>
    public IReadOnlyList<string> RemoveDamaged(RepoId repository, string revision, CancellationToken ct)
    {
        if (FindCommit(repository, revision) is not { } commit || SnapshotFolder(repository, commit) is var folder
            && !Directory.Exists(folder))
            return [];
        var removed = new List<string>();
        foreach (string entry in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            RequireInside(entry);
            if (new FileInfo(entry).LinkTarget is not { } target)
                continue;
            string etag = Path.GetFileName(target), blob = Path.Combine(Folder(repository), "blobs", etag);
            if (etag.Length is not (40 or 64))
                continue;
            // Files of one content share a blob: it may be gone by now.
            if (File.Exists(blob) && (etag.Length == 64 ? FileHash.Of(blob, ct: ct).ToString() : GitBlob.IdOf(blob, ct)) == etag)
                continue;
            AtomicFile.TryDelete(blob);
            AtomicFile.TryDelete(entry);
            removed.Add(Path.GetRelativePath(folder, entry).Replace('\\', '/'));
        }
        return removed;
    }
}
