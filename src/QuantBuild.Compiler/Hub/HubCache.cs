using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// The local cache that all clients of the Hub share: <c>blobs/&lt;etag&gt;</c>, <c>snapshots/&lt;commit&gt;/&lt;path&gt;</c> linking to
/// them, and <c>refs/&lt;revision&gt;</c> with the commit last seen.
/// </summary>
/// <remarks>Others write to it, too: nothing is read or written by way of a link that leads out of it.</remarks>
/// <param name="root">Its folder: <see cref="HubEnvironment.CacheFolder"/>.</param>
internal sealed partial class HubCache(string root)
{
    private const int MostLinks = 16;

    private readonly string _root = Path.GetFullPath(root);

    /// <summary>Folder of a commit's files.</summary>
    public string SnapshotFolder(RepoId repository, string commit) => Path.Combine(Folder(repository), "snapshots", commit);

    /// <summary>
    /// The commit that a revision was last seen at, or the revision itself if it is one; null when the cache does not know it.
    /// </summary>
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
        RequireInside(entry);
        // A link that leads nowhere exists.
        return File.Exists(entry) && new FileInfo(entry).ResolveLinkTarget(returnFinalTarget: true) is not { Exists: false } ? entry : null;
    }

    internal string Blob(RepoId repository, string etag) => Path.Combine(Folder(repository), "blobs", etag);

    internal string Unfinished(RepoId repository, string etag) => Blob(repository, etag) + ".incomplete";

    internal string Lock(RepoId repository, string etag) => Path.Combine(_root, ".locks", repository.CacheFolder, etag + ".lock");

    /// <summary>Makes the folders and the tag that tells backup programs to leave the cache out.</summary>
    /// <exception cref="DiagnosticException">A link in the cache leads out of it (QB5032).</exception>
    internal void Prepare(RepoId repository, string etag)
    {
        RequireInside(Blob(repository, etag));
        RequireInside(Unfinished(repository, etag));
        RequireInside(Lock(repository, etag));
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(repository, etag))!);
        Directory.CreateDirectory(Path.GetDirectoryName(Lock(repository, etag))!);
        string tag = Path.Combine(_root, "CACHEDIR.TAG");
        if (!File.Exists(tag))
            AtomicFile.Write(tag, TemporaryFile.Beside(tag), "Signature: 8a477f597d28d172789f06886806bc55\n"u8);
    }

    /// <summary>Gives a blob its name in a snapshot.</summary>
    internal void Link(RepoId repository, string commit, string path, string etag)
    {
        string entry = Path.Combine(SnapshotFolder(repository, commit), path);
        string folder = Path.GetDirectoryName(entry)!;
        RequireInside(folder);
        Directory.CreateDirectory(folder);
        string temporary = TemporaryFile.Beside(entry);
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
        RequireInside(Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, TemporaryFile.Beside(path), Encoding.ASCII.GetBytes(commit));
    }

    private string Folder(RepoId repository) => Path.Combine(_root, repository.CacheFolder);

    private string RefFile(RepoId repository, string revision) => Path.Combine(Folder(repository), "refs", revision);

    /// <summary>
    /// Follows the links of a path, part by part from the cache's folder on, and refuses what leads out of it. The cache itself may lie
    /// behind a link.
    /// </summary>
    private void RequireInside(string path)
    {
        string real = Directory.Exists(_root) && Directory.ResolveLinkTarget(_root, returnFinalTarget: true) is { } moved
            ? moved.FullName
            : _root;
        string rest = Path.GetRelativePath(_root, path), current = _root;
        for (int links = 0; rest.Length > 0;)
        {
            string part = rest.Split(Path.DirectorySeparatorChar)[0];
            rest = rest[part.Length..].TrimStart(Path.DirectorySeparatorChar);
            string next = Path.Combine(current, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                current = next;
                continue;
            }
            string full = Path.GetFullPath(target, current);
            string? inside = Below(_root, full) ?? Below(real, full);
            if (inside is null || ++links > MostLinks)
                throw new DiagnosticException(Descriptors.HubCacheUnsafe.At(null, path));
            rest = Path.Combine(inside, rest);
            current = _root;
        }
    }

    /// <summary>A path relative to a folder that it is below of; null for any other.</summary>
    private static string? Below(string folder, string path) =>
        path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path[(folder.Length + 1)..] : null;
}
