using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>
/// The content-addressed cache on disk: blobs by the digest of their bytes, and records of actions by their key. Safe for
/// any number of threads and processes; a process that is killed leaves nothing that harms.
/// </summary>
/// <remarks>
/// Layout: <c>blobs/sha256/ab/&lt;digest&gt;</c> (read-only), <c>actions/ab/&lt;key&gt;.json</c>, <c>memo/</c> (digests of
/// input files), <c>locks/</c>, <c>tmp/</c>. Files appear by rename. They are not flushed to the disk one by one: after a
/// power loss a blob may be cut off, which <see cref="BlobSeal"/> notices, and is then made again.
/// Every reading of a blob is checked by its <see cref="FastDigest"/>, which the records keep.
/// All failures of the file system are <see cref="DiagnosticException"/>s of the bucket QB4.
/// </remarks>
internal sealed partial class ContentStore : IDisposable
{
    private readonly StoreLayout _layout;
    private readonly StoreGate _gate;
    private readonly ConcurrentDictionary<Digest, FileStamp> _hashed = new();
    private readonly ConcurrentDictionary<Digest, FastDigest> _fast = new();
    private readonly Lock _restoring = new();
    private StoreSession _session;

    private ContentStore(StoreLayout layout)
    {
        _layout = layout;
        _session = StoreSession.Begin(layout);
        _gate = new StoreGate(layout, () => Notice);
        Files = new FileMemo(this, layout);
    }

    /// <summary>The store's folder, absolute.</summary>
    public string Root => _layout.Root;

    /// <summary>What is known about the content of input files.</summary>
    public FileMemo Files { get; }

    /// <summary>Told when this process waits long for another one (QB4062); may be called from any thread.</summary>
    public Action<Diagnostic>? Notice { get; set; }

    /// <summary>Whether <see cref="FindAction"/> reads the blobs it finds, and not only looks at their properties.</summary>
    internal bool ReadsWhatItFinds { get; set; }

    /// <summary>What says for whom a lock is waited for.</summary>
    internal StoreWait WaitFor(string what, string path) => new(what, path, _layout, Notice);

    /// <summary>Opens a store, creating it if need be.</summary>
    /// <exception cref="DiagnosticException">
    /// The folder cannot be created, opened or written (QB4001, QB4002, QB4003), has a newer format (QB4004), or holds
    /// something else (QB4005).
    /// </exception>
    public static ContentStore Open(string root)
    {
        try
        {
            var layout = new StoreLayout(Path.GetFullPath(root));
            layout.RequireOwn();
            layout.CreateFolders();
            var store = new ContentStore(layout);
            store.Label();
            StoreLeftovers.Remove(layout);
            return store;
        }
        catch (IOException failure) when (!StoreErrors.IsDiskFull(failure))
        {
            throw new DiagnosticException(Descriptors.StoreUnavailable.At(null, root, IsOther(root)
                ? "it is a file, or a link that leads to no folder"
                : failure.Message), failure);
        }
        catch (ArgumentException failure)
        {
            throw new DiagnosticException(Descriptors.StoreUnavailable.At(null, root, failure.Message), failure);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, root);
        }
    }

    /// <summary>
    /// The folder used when none is named: the environment variable QUANTBUILD_CACHE, else <c>quantbuild</c> in the
    /// platform's cache folder (XDG_CACHE_HOME or <c>~/.cache</c>, <c>~/Library/Caches</c>, the local application data).
    /// </summary>
    /// <exception cref="DiagnosticException">The user has no home folder (QB4050).</exception>
    public static string DefaultRoot()
    {
        if (Environment.GetEnvironmentVariable("QUANTBUILD_CACHE") is { Length: > 0 } named)
            return Path.GetFullPath(named);
        var folders = new UserFolders(Environment.GetEnvironmentVariable);
        if (folders.XdgCaches is { } caches)
            return Path.Combine(caches, "quantbuild");
        const string What = "the store", Instead = "QUANTBUILD_CACHE or --store";
        return OperatingSystem.IsWindows() ? Path.Combine(UserFolders.RequireLocalData(What, Instead), "quantbuild", "cache")
            : OperatingSystem.IsMacOS() ? Path.Combine(folders.RequireHome(What, Instead), "Library", "Caches", "quantbuild")
            : Path.Combine(folders.RequireHome(What, Instead), ".cache", "quantbuild");
    }

    private static bool IsOther(string root) => !Directory.Exists(root) && (File.Exists(root) || new FileInfo(root).LinkTarget is not null);

    /// <summary>Waits for the exclusive right to run the action with this key, among all threads and processes.</summary>
    /// <param name="key">The action's key; look the action up again after waiting, somebody else may have run it.</param>
    /// <param name="onWait">Called once if somebody else has the right.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <param name="what">What the action is, for messages.</param>
    /// <exception cref="DiagnosticException">The lock file cannot be created.</exception>
    public async ValueTask<ActionClaim> LockAsync(Digest key, Action? onWait = null, string? what = null, CancellationToken ct = default)
    {
        string path = _layout.Lock(key);
        try
        {
            return await ActionClaim.AcquireAsync(path, onWait, ct, WaitFor(what ?? $"the action {key.Short}", path));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>Ends the use of the store: what it used may now be pruned.</summary>
    public void Dispose() => _session.Dispose();

    /// <summary>
    /// This process's session. The store is a cache and may be deleted at any time: where that happened, folders, labels and session are
    /// made anew, so that the process goes on and others find a store.
    /// </summary>
    private StoreSession Session
    {
        get
        {
            if (_session.IsThere)
            {
                _session.Beat();
                return _session;
            }
            lock (_restoring)
            {
                if (!_session.IsThere)
                {
                    _layout.CreateFolders();
                    _session.Dispose();
                    _session = StoreSession.Begin(_layout);
                    Label();
                }
                return _session;
            }
        }
    }

    /// <summary>Says in the folder what it is, to later versions and to backup programs.</summary>
    private void Label()
    {
        if (!_layout.HasFormat)
            AtomicFile.Write(_layout.FormatFile, _session.NewTemporary(), StoreLayout.FormatText);
        if (!File.Exists(_layout.CacheTag))
            AtomicFile.Write(_layout.CacheTag, _session.NewTemporary(), StoreLayout.CacheTagText);
    }

    private static T Guarded<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.TranslateStore(failure, path);
        }
    }
}
