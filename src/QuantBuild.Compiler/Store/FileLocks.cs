using System.Globalization;

namespace QuantBuild.Compiler.Store;

/// <summary>Whether a file system keeps locks, and what Linux tells of their holders.</summary>
internal static class FileLocks
{
    /// <summary>Whether a file that is open exclusively cannot be opened once more; some network file systems keep no locks.</summary>
    /// <param name="path">A new file; gone afterwards.</param>
    public static bool Hold(string path)
    {
        try
        {
            using var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0,
                FileOptions.DeleteOnClose);
            using var again = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return false;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return true;
        }
    }

    /// <summary>Numbers of the processes that hold a lock on a file; empty where that is not known.</summary>
    public static IReadOnlyList<int> HoldersOf(string path)
    {
        if (!OperatingSystem.IsLinux() || FileStamp.Of(path) is not { Id: { Length: > 0 } id })
            return [];
        try
        {
            string number = long.Parse(id.Split('.')[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
                .ToString(CultureInfo.InvariantCulture);
            // "1: FLOCK  ADVISORY  WRITE 708 00:13:16838 0 EOF"; a process that waits has an arrow in the second column.
            return [.. File.ReadLines("/proc/locks")
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(parts => parts is [_, "FLOCK", _, _, _, { } file, ..] && file[(file.LastIndexOf(':') + 1)..] == number)
                .Select(parts => int.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out int process) ? process : 0)
                .Where(process => process > 0).Distinct()];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is FormatException or IndexOutOfRangeException)
        {
            return [];
        }
    }

    /// <summary>Whether a process is stopped, as by Ctrl+Z or a debugger.</summary>
    public static bool IsStopped(int process)
    {
        try
        {
            string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            // The name in parentheses may hold anything.
            return status.AsSpan(status.LastIndexOf(')') + 1).TrimStart() is ['T' or 't', ..];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return false;
        }
    }
}
