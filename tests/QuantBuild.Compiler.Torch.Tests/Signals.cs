using System.Runtime.InteropServices;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>Signals to processes that tests started.</summary>
internal static partial class Signals
{
    /// <summary>What a process gets from a native library that gives up.</summary>
    public const int Abort = 6;

    /// <summary>A request to end.</summary>
    public const int Terminate = 15;

    /// <summary>Sends one.</summary>
    public static void Send(int process, int signal) => Assert.Equal(0, Kill(process, signal));

    /// <summary>Sends one; false when the process is gone.</summary>
    public static bool TrySend(int process, int signal) => Kill(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
