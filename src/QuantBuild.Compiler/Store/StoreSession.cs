namespace QuantBuild.Compiler.Store;

/// <summary>A process that uses the store. Everything it marks as used from its start on survives cleaning by others.</summary>
internal sealed class StoreSession : IDisposable
{
    private const string Extension = ".session";

    private readonly FileStream _file;
    private readonly string _temporary;
    private readonly string _user;
    private long _beat = Environment.TickCount64;

    private StoreSession(FileStream file, string temporary, string user, long start)
    {
        _file = file;
        _temporary = temporary;
        _user = user;
        Start = start;
    }

    /// <summary>When it began, by the store's file system clock, in ticks.</summary>
    public long Start { get; }

    /// <summary>The session's file.</summary>
    public string Path => _file.Name;

    /// <summary>Whether the session's file still has its name: false when somebody deleted the store.</summary>
    public bool IsThere => File.Exists(Path);

    /// <summary>Begins a session: a file held open exclusively, which the system lets go of when the process dies.</summary>
    public static StoreSession Begin(StoreLayout layout)
    {
        for (int attempt = 0; ; attempt++)
        {
            layout.CreateFolders();
            string name = Guid.NewGuid().ToString("N") + Extension, path = System.IO.Path.Combine(layout.Sessions, name);
            string user = System.IO.Path.Combine(layout.Users, name);
            try
            {
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0,
                    FileOptions.DeleteOnClose);
                StoreUser.OfProcess().Write(user);
                return new StoreSession(file, System.IO.Path.Combine(layout.Temporary, name), user, File.GetLastWriteTimeUtc(path).Ticks);
            }
            catch (IOException failure)
                when (attempt < 20 && (StoreErrors.IsSharingViolation(failure) || failure is DirectoryNotFoundException))
            {
                // Somebody looked whether the new file is a dead session's, or deleted the folder.
            }
        }
    }

    /// <summary>Says now and then that the process lives, to machines that do not see its lock.</summary>
    public void Beat()
    {
        long now = Environment.TickCount64, last = Interlocked.Read(ref _beat);
        if (now - last > StoreUser.Pulse.TotalMilliseconds && Interlocked.CompareExchange(ref _beat, now, last) == last)
            StoreUser.Beat(_user);
    }

    /// <summary>A new name for a temporary file or folder of this session; its folder exists afterwards.</summary>
    public string NewTemporary()
    {
        Directory.CreateDirectory(_temporary);
        return System.IO.Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
    }

    /// <summary>Whether a folder holds a session's temporary files; it is named like the session's file.</summary>
    public static bool IsTemporary(string folder) => folder.EndsWith(Extension, StringComparison.Ordinal);

    /// <summary>Whether the session whose file has this name lives; the file of a dead one is removed.</summary>
    /// <remarks>
    /// Its process holds a lock, which the system lets go of with it. On a network file system locks may be kept to a machine, or not at
    /// all: what the process says of itself then counts, so that nobody deletes what another machine is writing.
    /// </remarks>
    public static bool Lives(StoreLayout layout, string name)
    {
        string path = System.IO.Path.Combine(layout.Sessions, name);
        return File.Exists(path)
            && (StoreUser.LivesUnlocked(System.IO.Path.Combine(layout.Users, name), () => FileLocks.Hold(layout.NewProbe()))
                || (!LockFileCleaner.TryRemove(path) && File.Exists(path)));
    }

    /// <summary>Start of the oldest living session, removing what dead ones left; <see cref="long.MaxValue"/> when there is none.</summary>
    /// <param name="layout">The store.</param>
    /// <param name="except">A session not to count; null for none.</param>
    public static long OldestStart(StoreLayout layout, StoreSession? except)
    {
        long oldest = long.MaxValue;
        if (!Directory.Exists(layout.Sessions))
            return oldest;
        foreach (string path in Directory.EnumerateFiles(layout.Sessions, "*" + Extension))
        {
            if (Lives(layout, System.IO.Path.GetFileName(path)) && path != except?.Path)
                oldest = Math.Min(oldest, File.GetLastWriteTimeUtc(path).Ticks);
        }
        return oldest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StoreLeftovers.Delete(_temporary);
        AtomicFile.TryDelete(_user);
        _file.Dispose();
    }
}
