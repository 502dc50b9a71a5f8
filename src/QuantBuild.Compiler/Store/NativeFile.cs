using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace QuantBuild.Compiler.Store;

/// <summary>The two file system calls that the base library lacks: hard links, and a file's number and change time.</summary>
internal static partial class NativeFile
{
    /// <summary>Makes <paramref name="link"/> a second name of <paramref name="existing"/>; false when the file system will not.</summary>
    public static bool TryLink(string existing, string link)
    {
        try
        {
            return OperatingSystem.IsWindows() ? CreateHardLink(link, existing, 0) : LinkUnix(existing, link) == 0;
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The stamp of a file, or null where the platform has no such call or the call fails.</summary>
    public static FileStamp? Stamp(string path) =>
        OperatingSystem.IsLinux() ? StampLinux(path)
        : OperatingSystem.IsMacOS() ? StampMac(path)
        : OperatingSystem.IsWindows() ? StampWindows(path)
        : null;

    /// <summary>The stamp of an open file, or null where the platform has no such call or the call fails.</summary>
    public static FileStamp? Stamp(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
            return StampWindows(file);
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            int number = (int)file.DangerousGetHandle();
            return OperatingSystem.IsLinux() ? StampLinux(number, "", EmptyPath) : OperatingSystem.IsMacOS() ? StampMac(number) : null;
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }

    private static FileStamp? StampLinux(string path) => StampLinux(CurrentDirectory, path, 0);

    private static FileStamp? StampLinux(int directory, string path, int flags) =>
        StatLinux(directory, path, flags, BasicStatus, out LinuxStatus status) == 0 && (status.Mode & FileTypeMask) == RegularFile
            ? new FileStamp(status.Size, status.Modified.Ticks, status.Changed.Ticks,
                $"{status.DeviceMajor:x}.{status.DeviceMinor:x}.{status.Number:x}")
            : null;

    private static FileStamp? StampMac(string path)
    {
        int result = RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? StatMacX64(path, out MacStatus status)
            : StatMac(path, out status);
        return StampMac(result, status);
    }

    private static FileStamp? StampMac(int file)
    {
        int result = RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? FileStatMacX64(file, out MacStatus status)
            : FileStatMac(file, out status);
        return StampMac(result, status);
    }

    private static FileStamp? StampMac(int result, in MacStatus status) => result == 0 && (status.Mode & FileTypeMask) == RegularFile
        ? new FileStamp(status.Size, status.Modified.Ticks, status.Changed.Ticks, $"{status.Device:x}.{status.Number:x}")
        : null;

    [SupportedOSPlatform("windows")]
    private static FileStamp? StampWindows(string path)
    {
        if (!File.Exists(path))
            return null;
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return StampWindows(file);
    }

    [SupportedOSPlatform("windows")]
    private static FileStamp? StampWindows(SafeFileHandle file)
    {
        const int BasicInformation = 0;
        const int IdInformation = 18;
        if (!GetFileInformation(file, BasicInformation, out WindowsBasic basic, (uint)Marshal.SizeOf<WindowsBasic>())
            || !GetFileInformation(file, IdInformation, out WindowsId id, (uint)Marshal.SizeOf<WindowsId>()))
        {
            return null;
        }
        return new FileStamp(RandomAccess.GetLength(file), DateTime.FromFileTimeUtc(basic.Modified).Ticks,
            basic.Changed == 0 ? 0 : DateTime.FromFileTimeUtc(basic.Changed).Ticks, $"{id.Volume:x}.{id.High:x}.{id.Low:x}");
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int LinkUnix(string existing, string link);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string link, string existing, nint security);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatLinux(int directory, string path, int flags, uint mask, out LinuxStatus status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatMac(string path, out MacStatus status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatMacX64(string path, out MacStatus status);

    [LibraryImport("libc", EntryPoint = "fstat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileStatMac(int file, out MacStatus status);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileStatMacX64(int file, out MacStatus status);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformation(SafeFileHandle file, int kind, out WindowsBasic information, uint size);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformation(SafeFileHandle file, int kind, out WindowsId information, uint size);

    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7ff;
    private const int FileTypeMask = 0xf000;
    private const int RegularFile = 0x8000;

    /// <summary>Seconds and nanoseconds; the upper half of the second word is padding on Linux and zero on macOS.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct UnixTime
    {
        [FieldOffset(0)] public long Seconds;
        [FieldOffset(8)] public uint Nanoseconds;

        public readonly long Ticks => DateTime.UnixEpoch.Ticks + Seconds * TimeSpan.TicksPerSecond + Nanoseconds / 100;
    }

    /// <summary><c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxStatus
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Number;
        [FieldOffset(40)] public long Size;
        [FieldOffset(96)] public UnixTime Changed;
        [FieldOffset(112)] public UnixTime Modified;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    /// <summary><c>struct stat</c> with 64-bit file numbers.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct MacStatus
    {
        [FieldOffset(0)] public int Device;
        [FieldOffset(4)] public ushort Mode;
        [FieldOffset(8)] public ulong Number;
        [FieldOffset(48)] public UnixTime Modified;
        [FieldOffset(64)] public UnixTime Changed;
        [FieldOffset(96)] public long Size;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowsBasic
    {
        public long Created;
        public long Accessed;
        public long Modified;
        public long Changed;
        public uint Attributes;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowsId
    {
        public ulong Volume;
        public ulong Low;
        public ulong High;
    }
}
