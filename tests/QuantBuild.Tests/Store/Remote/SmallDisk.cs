using QuantBuild.Compiler.Processes;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A file system of few bytes in memory.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static bool TryMount(int bytes, out SmallDisk? disk)
    {
        disk = null;
        if (!OperatingSystem.IsLinux())
            return false;
        string path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"quantbuild-disk-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        if (ProgramProcess.Run("mount", TimeSpan.FromSeconds(20), "-t", "tmpfs", "-o", FormattableString.Invariant($"size={bytes}"),
            "tmpfs",
            path) is not { ExitCode: 0 })
        {
            Directory.Delete(path);
            return false;
        }
        disk = new SmallDisk(path);
        return true;
    }

    public void Dispose()
    {
        ProgramProcess.Run("umount", TimeSpan.FromSeconds(20), Path);
        Directory.Delete(Path);
    }
}
