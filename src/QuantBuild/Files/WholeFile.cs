namespace QuantBuild.Files;

/// <summary>
/// Files that appear whole or not at all: written beside the target, then renamed over it. A device or a pipe is written to instead, never
/// replaced; where a link leads to a file, that file is replaced and the link stays.
/// </summary>
internal static class WholeFile
{
    private const int BufferSize = 1 << 20;

    private const int MostLinks = 40;

    /// <summary>Writes a file by a stream.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="length">Bytes that will be written, so that a full disk shows at once; 0 when they are not known.</param>
    /// <param name="write">Writes them, from first to last.</param>
    /// <param name="durable">Whether it must survive a power loss as soon as this returns.</param>
    public static void Write(string path, long length, Action<Stream> write, bool durable = true)
    {
        if (TargetOf(path) is not { } target)
        {
            using FileStream stream = OpenSpecial(path);
            write(stream);
            return;
        }
        Replace(target, temporary =>
        {
            using var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = BufferSize,
                PreallocationSize = length,
            });
            write(stream);
            stream.Flush(durable);
        });
    }

    /// <summary>Writes a file by something that needs a path.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="write">Writes the file of a name that it is given.</param>
    public static void Write(string path, Action<string> write)
    {
        if (TargetOf(path) is { } target)
        {
            Replace(target, write);
            return;
        }
        string temporary = TemporaryFile.In(Path.GetTempPath(), Path.GetFileName(path));
        try
        {
            write(temporary);
            using FileStream content = File.OpenRead(temporary), stream = OpenSpecial(path);
            content.CopyTo(stream);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes a file's content.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, bool durable = false)
    {
        byte[] bytes = content.ToArray();
        Write(path, bytes.Length, stream => stream.Write(bytes), durable);
    }

    /// <summary>Writes to the end of a file, a device or a pipe; a file that is missing is created.</summary>
    public static FileStream Append(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>
    /// The file that writing to a path replaces, links followed; null when the path leads to something that is written to.
    /// </summary>
    public static string? TargetOf(string path)
    {
        string target = Path.GetFullPath(path);
        if (FileKinds.Of(target) == FileKind.Special)
            return null;
        for (int links = 0; new FileInfo(target).LinkTarget is { } next; links++)
        {
            if (links == MostLinks)
                throw new IOException($"{path}: too many links");
            // What another process, or the shell, holds open: /dev/stdout leads here, and may lead to a file.
            if (IsHandle(target))
                return null;
            target = Path.GetFullPath(next, Path.GetDirectoryName(target)!);
        }
        return IsHandle(target) ? null : target;
    }

    private static bool IsHandle(string path) => !OperatingSystem.IsWindows()
        && (path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/dev/fd/", StringComparison.Ordinal));

    /// <summary>Nothing is locked: everybody may write to a device at once.</summary>
    private static FileStream OpenSpecial(string path) => Append(path);

    private static void Replace(string target, Action<string> write)
    {
        string temporary = TemporaryFile.Beside(target);
        try
        {
            write(temporary);
            Move(temporary, target);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Windows refuses for a moment while somebody reads the old file, and always when it is read-only.</summary>
    private static void Move(string temporary, string target)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                if (OperatingSystem.IsWindows() && File.Exists(target))
                    File.SetAttributes(target, FileAttributes.Normal);
                File.Move(temporary, target, overwrite: true);
                return;
            }
            catch (Exception failure)
                when (OperatingSystem.IsWindows() && attempt < 20 && failure is UnauthorizedAccessException or IOException)
            {
                Thread.Sleep(5 + 5 * attempt);
            }
        }
    }
}
