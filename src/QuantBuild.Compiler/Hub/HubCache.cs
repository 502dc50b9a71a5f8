using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// The local cache that all clients of the Hub share: <c>blobs/&lt;etag&gt;</c>, <c>snapshots/&lt;commit&gt;/&lt;path&gt;</c> linking to
/// them, and <c>refs/&lt;revision&gt;</c> with the commit last seen.
/// </summary>
/// <param name="root">Its folder: <see cref="HubEnvironment.CacheFolder"/>.</param>
public sealed class HubCache(string root)
{
    private readonly string _root = Path.GetFullPath(root);

    /// <summary>Folder of a commit's files.</summary>
    public string SnapshotFolder(RepoId repository, string commit) => Path.Combine(Folder(repository), "snapshots", commit);

    /// <summary>The commit that a revision was last seen at, or the revision itself if it is one; null when the cache does not know it.</summary>
    public string? FindCommit(RepoId repository, string revision)
    {
        if (Directory.Exists(SnapshotFolder(repository, revision)))
            return revision;
        string text = AtomicFile.TryRead(RefFile(repository, revision)) is { } bytes ? Encoding.ASCII.GetString(bytes).Trim() : "";
        return text.Length == 40 && text.All(char.IsAsciiHexDigitLower) ? text : null;
    }

    /// <summary>A file of a commit, if the cache has it.</summary>
    /// <returns>Its path; null when it is not there or its link leads nowhere.</returns>
    /// <exception cref="DiagnosticException">Its link leads out of the cache (QB5032).</exception>
    public string? Find(RepoId repository, string commit, string path)
    {
        string entry = Path.Combine(SnapshotFolder(repository, commit), path);
        var file = new FileInfo(entry);
        if (!file.Exists)
            return null;
        RequireInside(entry, file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? entry, repository);
        return entry;
    }

    internal string Blob(RepoId repository, string etag) => Path.Combine(Folder(repository), "blobs", etag);

    internal string Lock(RepoId repository, string etag) => Path.Combine(_root, ".locks", repository.CacheFolder, etag + ".lock");

    /// <summary>Makes the folders and the tag that tells backup programs to leave the cache out.</summary>
    internal void Prepare(RepoId repository, string etag)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(repository, etag))!);
        Directory.CreateDirectory(Path.GetDirectoryName(Lock(repository, etag))!);
        string tag = Path.Combine(_root, "CACHEDIR.TAG");
        if (!File.Exists(tag))
            AtomicFile.Write(tag, $"{tag}.{Guid.NewGuid():N}", "Signature: 8a477f597d28d172789f06886806bc55\n"u8);
    }

    /// <summary>Gives a blob its name in a snapshot.</summary>
    internal void Link(RepoId repository, string commit, string path, string etag)
    {
        string entry = Path.Combine(SnapshotFolder(repository, commit), path);
        string folder = Path.GetDirectoryName(entry)!;
        Directory.CreateDirectory(folder);
        RequireInside(folder, new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder, repository);
        string temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.CreateSymbolicLink(temporary, Path.GetRelativePath(folder, Blob(repository, etag)));
        }
        catch (Exception failure) when (OperatingSystem.IsWindows() && StoreErrors.IsFileSystem(failure))
        {
            // Links need a right there that few users have; the layout allows the file itself.
            File.Copy(Blob(repository, etag), temporary);
        }
        AtomicFile.Replace(temporary, entry);
    }

    /// <summary>Remembers where a branch or tag points.</summary>
    internal void Remember(RepoId repository, string revision, string commit)
    {
        if (revision == commit)
            return;
        string path = RefFile(repository, revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, $"{path}.{Guid.NewGuid():N}", Encoding.ASCII.GetBytes(commit));
    }

    private string Folder(RepoId repository) => Path.Combine(_root, repository.CacheFolder);

    private string RefFile(RepoId repository, string revision) => Path.Combine(Folder(repository), "refs", revision);

    private void RequireInside(string entry, string target, RepoId repository)
    {
        string folder = Path.GetFullPath(Folder(repository)) + Path.DirectorySeparatorChar;
        // The cache itself may lie behind a link.
        string real = new DirectoryInfo(_root).ResolveLinkTarget(returnFinalTarget: true) is { } moved
            ? Path.Combine(moved.FullName, repository.CacheFolder) + Path.DirectorySeparatorChar : folder;
        string full = Path.GetFullPath(target);
        if (!full.StartsWith(folder, StringComparison.Ordinal) && !full.StartsWith(real, StringComparison.Ordinal))
            throw new DiagnosticException(Descriptors.HubCacheUnsafe.At(null, entry));
    }
}
