namespace QuantBuild.Compiler.Store;

/// <summary>Small files that appear whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> by way of a temporary file on the same file system.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="temporary">Name of the temporary file; gone afterwards, also on failure.</param>
    /// <param name="content">Its new content.</param>
    /// <param name="durable">Whether it must survive a power loss as soon as this returns.</param>
    public static void Write(string path, string temporary, ReadOnlySpan<byte> content, bool durable = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(content);
                file.Flush(durable);
            }
            Replace(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>Renames over whatever is there.</summary>
    public static void Replace(string temporary, string path)
    {
        // Windows refuses for a moment while somebody reads the old file, and always when it is read-only.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                if (OperatingSystem.IsWindows() && File.Exists(path))
                    File.SetAttributes(path, FileAttributes.Normal);
                File.Move(temporary, path, overwrite: true);
                return;
            }
            catch (Exception failure) when (OperatingSystem.IsWindows() && attempt < 20
                && failure is UnauthorizedAccessException or IOException)
            {
                Thread.Sleep(5 + 5 * attempt);
            }
        }
    }

    /// <summary>The content, or null when there is no such file.</summary>
    public static byte[]? TryRead(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Deletes a file if it is there, read-only or not; false when it remains.</summary>
    public static bool TryDelete(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows() && File.Exists(path))
                File.SetAttributes(path, FileAttributes.Normal);
            File.Delete(path);
            return true;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return failure is DirectoryNotFoundException;
        }
    }
}
