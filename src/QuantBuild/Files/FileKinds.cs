using System.Runtime.InteropServices;

namespace QuantBuild.Files;

/// <summary>Tells devices and pipes from files, which the base library does not.</summary>
internal static partial class FileKinds
{
    private const int TypeMask = 0xf000;
    private const int RegularType = 0x8000;
    private const int FolderType = 0x4000;

    /// <summary>What a path leads to. What cannot be looked at, for lack of permission, counts as missing.</summary>
    public static FileKind Of(string path)
    {
        try
        {
            int? mode = OperatingSystem.IsLinux() ? ModeLinux(path) : OperatingSystem.IsMacOS() ? ModeMac(path) : null;
            if (mode is { } known)
            {
                return known == 0 ? FileKind.Missing : (known & TypeMask) switch
                {
                    RegularType => FileKind.Regular,
                    FolderType => FileKind.Folder,
                    _ => FileKind.Special,
                };
            }
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library without the call: what the base library can tell.
        }
        return OperatingSystem.IsWindows() && Path.GetFullPath(path).StartsWith(@"\\.\", StringComparison.Ordinal) ? FileKind.Special
            : Directory.Exists(path) ? FileKind.Folder
            : File.Exists(path) ? FileKind.Regular
            : FileKind.Missing;
    }

    private static int ModeLinux(string path)
    {
        const int CurrentDirectory = -100;
        const uint TypeAndMode = 0x3;
        return StatLinux(CurrentDirectory, path, 0, TypeAndMode, out LinuxStatus status) == 0 ? status.Mode : 0;
    }

    private static int ModeMac(string path)
    {
        int result = RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? StatMacX64(path, out MacStatus status)
            : StatMac(path, out status);
        return result == 0 ? status.Mode : 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatLinux(int directory, string path, int flags, uint mask, out LinuxStatus status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatMac(string path, out MacStatus status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatMacX64(string path, out MacStatus status);

    /// <summary><c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxStatus
    {
        [FieldOffset(28)] public ushort Mode;
    }

    /// <summary><c>struct stat</c> with 64-bit file numbers.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct MacStatus
    {
        [FieldOffset(4)] public ushort Mode;
    }
}
