using Microsoft.Win32.SafeHandles;

namespace QuantBuild.Compiler.Store;

/// <summary>What the file system says about a file without reading it; two equal stamps of a path mean unchanged content.</summary>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">Time of the last write of content, in ticks of 100 ns, UTC.</param>
/// <param name="Changed">
/// Time of the last change of content or properties, in ticks; programs cannot set it, so it also gives away a
/// replacement that keeps size and write time, as unpacking an archive does. 0 where the file system has none.
/// </param>
/// <param name="Id">Device and file number; empty where the platform gives none.</param>
internal sealed record FileStamp(long Size, long Modified, long Changed, string Id)
{
    /// <summary>The stamp of a file, or null when there is no such file.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            return NativeFile.Stamp(path) ?? Portable(path);
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            return Portable(path);
        }
    }

    /// <summary>The stamp of an open file, whatever has its name by now.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Where it was opened, for platforms that know stamps by path only.</param>
    /// <exception cref="IOException">There is no file of that name, where the name has to do.</exception>
    public static FileStamp Of(SafeFileHandle file, string path)
    {
        try
        {
            if (NativeFile.Stamp(file) is { } stamp)
                return stamp;
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            // The portable way is below.
        }
        return Portable(path) ?? throw new FileNotFoundException("the file is gone", path);
    }

    /// <summary>Whether size and time of writing are the same, of the same file.</summary>
    public bool HasTimesOf(FileStamp other) => Size == other.Size && Modified == other.Modified && Id == other.Id;

    private static FileStamp? Portable(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new FileStamp(file.Length, file.LastWriteTimeUtc.Ticks, 0, "") : null;
    }
}
