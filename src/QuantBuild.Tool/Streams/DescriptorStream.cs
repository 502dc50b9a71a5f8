using System.Runtime.InteropServices;

namespace QuantBuild.Tool.Streams;

/// <summary>Writes to a file descriptor of Unix. The base library's console drops what a closed pipe refuses, without a word.</summary>
internal sealed partial class DescriptorStream : WriteOnlyStream
{
    private const int Interrupted = 4;
    private const int GetFlags = 1;
    private const int GetMode = 3;
    private const int Duplicate = 1030;
    private const int CloseOnExecute = 1;
    private const int AccessMode = 3;
    private const int ReadOnly = 0;

    /// <summary>Above those of the standard streams.</summary>
    private const int FirstOwn = 3;

    private static readonly int TryAgain = OperatingSystem.IsLinux() ? 11 : 35;

    private readonly int _descriptor;

    private DescriptorStream(int descriptor) => _descriptor = descriptor;

    /// <summary>
    /// Opens a descriptor that the process was started with; null when it was not, or cannot write. The runtime gives the numbers of closed
    /// ones to files and pipes of its own, most of which a child would not inherit. A number can change hands at any time, so that a
    /// duplicate is used: what is meant for a log must never get into a file that is opened later.
    /// </summary>
    public static DescriptorStream? TryOpen(int descriptor)
    {
        int flags = Control(descriptor, GetFlags, 0), mode = Control(descriptor, GetMode, 0);
        if (flags < 0 || mode < 0 || (flags & CloseOnExecute) != 0 || (mode & AccessMode) == ReadOnly)
            return null;
        // Elsewhere an argument after the named ones is passed in another way.
        int own = OperatingSystem.IsLinux() ? Control(descriptor, Duplicate, FirstOwn) : descriptor;
        return own < 0 ? null : new DescriptorStream(own);
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The descriptor takes no more.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written = Write(_descriptor, in MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }
            int error = Marshal.GetLastPInvokeError();
            if (error == TryAgain)
                Thread.Sleep(1); // somebody else made it non-blocking, and its reader is slow
            else if (error != Interrupted)
                throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Write(int descriptor, in byte content, nint length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command, int argument);
}
