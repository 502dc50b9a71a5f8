using System.Runtime.InteropServices;

namespace QuantBuild.SafeTensors;

/// <summary>
/// Advice to the system about mapped pages of a file. It never changes what is read; where it is not known it does nothing.
/// </summary>
internal static unsafe partial class MappedPages
{
    // Equal on Linux and macOS.
    private const int WillNeed = 3;
    private const int DontNeed = 4;

    /// <summary>Has pages read from the disk, without waiting for it.</summary>
    public static void Prefetch(byte* start, long length) => Advise(start, length, WillNeed);

    /// <summary>
    /// Takes pages out of this process, where they would count as its memory; they stay in the system's cache, and are there again when
    /// somebody reads them.
    /// </summary>
    public static void Release(byte* start, long length) => Advise(start, length, DontNeed);

    private static void Advise(byte* start, long length, int advice)
    {
        if (length <= 0 || !(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()))
            return;
        nint page = Environment.SystemPageSize;
        var first = (byte*)((nint)start & -page);
        _ = MAdvise(first, (nuint)(start + length - first), advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MAdvise(void* address, nuint length, int advice);
}
