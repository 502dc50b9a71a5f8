using System.Diagnostics;
using System.Runtime.InteropServices;

namespace QuantBuild.MSBuild;

/// <summary>
/// Notices, in a process that MSBuild started only to host tasks, that the node which it works for is gone: such a host waits for its task,
/// however long that takes. In every other process there is nothing to watch: a node ends with its build, and a build may outlive the shell
/// that it was started from.
/// </summary>
internal sealed partial class TaskHostWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Process? _parent;
    private readonly Timer? _timer;

    /// <summary>Watches until it is disposed of.</summary>
    /// <param name="gone">Called when the node is gone, more than once.</param>
    public TaskHostWatch(Action gone)
    {
        if (!Environment.GetCommandLineArgs()
            .Any(argument => argument.TrimStart('/', '-').Equals("nodemode:2", StringComparison.OrdinalIgnoreCase)))
            return;
        Func<bool> isGone;
        if (OperatingSystem.IsWindows())
        {
            _parent = ParentOnWindows();
            isGone = () => _parent?.HasExited == true;
        }
        else
        {
            // An orphan gets another parent at once, also when nobody has taken note of the end of its own.
            int parent = ParentId();
            isGone = () => ParentId() != parent;
        }
        _timer = new Timer(_ =>
        {
            if (isGone())
                gone();
        }, null, Interval, Interval);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _parent?.Dispose();
    }

    private static Process? ParentOnWindows()
    {
        using var self = Process.GetCurrentProcess();
        var information = new ProcessInformation();
        if (QueryProcess(self.Handle, 0, ref information, Marshal.SizeOf<ProcessInformation>(), out _) != 0)
            return null;
        try
        {
            // Its handle is opened now: the number cannot become another process's while it is held.
            var parent = Process.GetProcessById((int)information.Parent);
            _ = parent.SafeHandle;
            if (parent.StartTime <= self.StartTime)
                return parent;
            parent.Dispose();
            return null;
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ParentId();

    [LibraryImport("ntdll.dll", EntryPoint = "NtQueryInformationProcess")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int QueryProcess(nint process, int kind, ref ProcessInformation information, int size, out int written);

    /// <summary>PROCESS_BASIC_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessInformation
    {
        public nint ExitStatus;
        public nint Environment;
        public nint Affinity;
        public nint Priority;
        public nint Id;
        public nint Parent;
    }
}
