using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QuantBuild.SafeTensors;

/// <summary>
/// Bytes read through a file's handle. A mapped file that somebody cuts short ends the process with a signal that managed code cannot
/// catch; a read that finds fewer bytes than there were is an exception.
/// </summary>
/// <param name="file">The open file; disposed with the instance.</param>
/// <param name="path">For messages.</param>
internal sealed partial class HandleContent(SafeFileHandle file, string path) : IFileContent
{
    /// <summary>The open file.</summary>
    public SafeFileHandle File => file;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> View(long offset, int length)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        Read(offset, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        for (int count; destination.Length > 0; destination = destination[count..], offset += count)
        {
            count = RandomAccess.Read(file, destination, offset);
            if (count == 0)
                throw SafeTensorsException.Shrunk(path);
        }
    }

    /// <inheritdoc/>
    public void Prefetch(long offset, long length)
    {
        const int WillNeed = 3;
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess)
            _ = FAdvise(file, offset, length, WillNeed);
    }

    /// <inheritdoc/>
    public void Release(long offset, long length)
    {
        // What was read is the reader's own memory; the system's cache is nobody's.
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FAdvise(SafeFileHandle file, long offset, long length, int advice);
}
