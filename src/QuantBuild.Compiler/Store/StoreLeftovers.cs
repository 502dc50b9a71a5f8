namespace QuantBuild.Compiler.Store;

/// <summary>
/// What killed processes leave in a store. The session of a writer tells whether it still runs: the system ends both together.
/// </summary>
internal static class StoreLeftovers
{
    // Only versions before this one wrote beside the format file, for an instant.
    private static readonly TimeSpan LongestFormatWrite = TimeSpan.FromMinutes(1);

    /// <summary>Removes it.</summary>
    /// <returns>Bytes that it took.</returns>
    public static long Remove(StoreLayout layout)
    {
        long bytes = 0;
        long oldest = StoreSession.OldestStart(layout, except: null);
        foreach (string folder in Entries(layout.Temporary, Directory.EnumerateDirectories))
        {
            // Versions before this one wrote without a folder of their session.
            if (StoreSession.IsTemporary(folder)
                ? !StoreSession.Lives(layout, Path.GetFileName(folder))
                : Directory.GetLastWriteTimeUtc(folder).Ticks < oldest)
                bytes += Delete(folder);
        }
        foreach (string path in Entries(layout.Temporary, Directory.EnumerateFiles))
        {
            if (FileStamp.Of(path) is { } stamp && stamp.Modified < oldest && LockFileCleaner.TryRemove(path))
                bytes += stamp.Size;
        }
        foreach (string path in Entries(layout.Root, Directory.EnumerateFiles)
            .Where(path => StoreNames.IsTemporaryFormat(Path.GetFileName(path))))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > LongestFormatWrite)
                AtomicFile.TryDelete(path);
        }
        foreach (string path in Entries(layout.Users, Directory.EnumerateFiles))
        {
            if (!StoreSession.Lives(layout, Path.GetFileName(path)))
                AtomicFile.TryDelete(path);
        }
        foreach (string path in Entries(layout.Locks, Directory.EnumerateFiles)
            .Where(path => path.EndsWith(".lock", StringComparison.Ordinal)))
            LockFileCleaner.TryRemove(path);
        return bytes;
    }

    /// <summary>Deletes a folder of temporary files as far as that is possible.</summary>
    /// <returns>Bytes that were in it.</returns>
    public static long Delete(string folder)
    {
        long bytes = 0;
        foreach (string path in Entries(folder, folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)))
        {
            long size = FileStamp.Of(path)?.Size ?? 0;
            if (AtomicFile.TryDelete(path))
                bytes += size;
        }
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // Somebody else's, or in use: the next look may do better.
        }
        return bytes;
    }

    private static List<string> Entries(string folder, Func<string, IEnumerable<string>> list)
    {
        try
        {
            return [.. list(folder)];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return [];
        }
    }
}
