namespace QuantBuild.Compiler.Store;

/// <summary>A process that uses the store. Everything it marks as used from its start on survives cleaning by others.</summary>
internal sealed class StoreSession : IDisposable
{
    private readonly FileStream _file;

    private StoreSession(FileStream file, long start)
    {
        _file = file;
        Start = start;
    }

    /// <summary>When it began, by the store's file system clock, in ticks.</summary>
    public long Start { get; }

    /// <summary>The session's file.</summary>
    public string Path => _file.Name;

    /// <summary>Begins a session: a file held open exclusively, which the system lets go of when the process dies.</summary>
    public static StoreSession Begin(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = System.IO.Path.Combine(folder, $"{Guid.NewGuid():N}.session");
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        return new StoreSession(file, File.GetLastWriteTimeUtc(path).Ticks);
    }

    /// <summary>Start of the oldest living session, removing what dead ones left; <see cref="long.MaxValue"/> when there is none.</summary>
    /// <param name="folder">The sessions' folder.</param>
    /// <param name="except">A session not to count; null for none.</param>
    public static long OldestStart(string folder, StoreSession? except)
    {
        long oldest = long.MaxValue;
        if (!Directory.Exists(folder))
            return oldest;
        foreach (string path in Directory.EnumerateFiles(folder, "*.session"))
        {
            if (!LockFileCleaner.TryRemove(path) && path != except?.Path && File.Exists(path))
                oldest = Math.Min(oldest, File.GetLastWriteTimeUtc(path).Ticks);
        }
        return oldest;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
