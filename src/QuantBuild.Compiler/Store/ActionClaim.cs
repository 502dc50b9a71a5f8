namespace QuantBuild.Compiler.Store;

/// <summary>The exclusive right to run one action; disposing releases it, and so does the end of the process.</summary>
internal sealed class ActionClaim : IDisposable
{
    // Over a network a file may be found and be gone before it is opened: its holder elsewhere has let go of it. Later it is not.
    private const int Vanishings = 100;

    private readonly FileStream _file;

    private ActionClaim(FileStream file) => _file = file;

    /// <summary>Waits for the right. Excludes other threads as well as other processes.</summary>
    /// <remarks>
    /// The lock is an exclusive handle, not the file's existence: a file that a killed process left behind is free. The
    /// file is deleted on release; the runtime checks after locking that the path still names the locked file, so a
    /// waiter can never hold a lock on a deleted file while somebody else locks its successor.
    /// </remarks>
    internal static ValueTask<ActionClaim> AcquireAsync(string path, Action? onWait, CancellationToken ct, StoreWait? wait = null) =>
        AcquireAsync(path, onWait, wait, Open, ct);

    /// <summary>The same with a file system of one's own.</summary>
    internal static async ValueTask<ActionClaim> AcquireAsync(string path, Action? onWait, StoreWait? wait, Func<string, FileStream> open,
        CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        int vanishings = Vanishings;
        ActionClaim? held = TryAcquire(path, open, ref vanishings);
        if (held is not null)
            return held;
        onWait?.Invoke();
        for (int delay = 2; held is null; delay = Math.Min(delay + 2, 100))
        {
            await Task.Delay(delay, ct);
            wait?.Tick();
            held = TryAcquire(path, open, ref vanishings);
        }
        return held;
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);

    private static ActionClaim? TryAcquire(string path, Func<string, FileStream> open, ref int vanishings)
    {
        try
        {
            return new ActionClaim(open(path));
        }
        catch (FileNotFoundException) when (--vanishings > 0)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return null;
        }
        catch (IOException failure) when (StoreErrors.IsSharingViolation(failure))
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (OperatingSystem.IsWindows() && File.Exists(path))
        {
            return null; // being deleted by its last holder
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
