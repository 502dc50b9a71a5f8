namespace QuantBuild.Compiler.Store;

/// <summary>Removes lock and session files that no process holds any more.</summary>
internal static class LockFileCleaner
{
    /// <summary>Deletes the file if nobody holds it; false when somebody does.</summary>
    public static bool TryRemove(string path)
    {
        try
        {
            // Taking the lock before deleting is what makes this safe beside a process that is just acquiring it.
            new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0,
                FileOptions.DeleteOnClose).Dispose();
            return true;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return false;
        }
    }
}
