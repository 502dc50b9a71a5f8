using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>A second process that uses a store: this test program again, which then does one role and exits.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const string RoleVariable = "QUANTBUILD_TEST_ROLE";
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public static ChildProcess Start(string role, params string[] arguments) => Start(role, locks: true, arguments);

    /// <summary>Starts one for which files have no locks, as on some network file systems.</summary>
    public static ChildProcess StartWithoutLocks(string role, params string[] arguments) => Start(role, locks: false, arguments);

    private static ChildProcess Start(string role, bool locks, string[] arguments)
    {
        string self = Environment.ProcessPath!;
        bool viaHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        var start = new ProcessStartInfo(self) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (viaHost)
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        start.Environment[RoleVariable] = string.Join('\n', [role, .. arguments]);
        if (!locks)
            start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Stops it as Ctrl+Z does.</summary>
    public void Stop() => Assert.Equal(0, Signal(_process.Id, StopSignal));

    private const int StopSignal = 19;

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);

    /// <summary>Waits for the child's next line; null when it has exited.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>Lets a child that waits go on.</summary>
    public void Continue() => _process.StandardInput.WriteLine();

    /// <summary>Waits for the end.</summary>
    public int Wait()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    /// <summary>Runs before the test runner's entry point: a process that was given a role never reaches it.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "This is a program.")]
    internal static void TakeRole()
    {
        if (Environment.GetEnvironmentVariable(RoleVariable) is not { Length: > 0 } text)
            return;
        string[] parts = text.Split('\n');
        using (ContentStore store = ContentStore.Open(parts[1]))
            Perform(parts[0], store, parts[2..]);
        Environment.Exit(0);
    }

    private static void Perform(string role, ContentStore store, string[] arguments)
    {
        switch (role)
        {
            case "hold a lock":
                using (store.LockAsync(Digest.Parse(arguments[0])).AsTask().GetAwaiter().GetResult())
                    Pause("held");
                break;
            case "hold the gate":
                using (new StoreGate(new StoreLayout(store.Root), () => null).Clean())
                    Pause("held");
                break;
            case "count under a lock":
                for (int i = 0; i < int.Parse(arguments[2]); i++)
                {
                    using ActionClaim turn = store.LockAsync(Digest.Parse(arguments[0])).AsTask().GetAwaiter().GetResult();
                    int count = int.Parse(File.ReadAllText(arguments[1]));
                    File.WriteAllText(arguments[1], $"{count + 1}");
                }
                break;
            case "write without end":
                // A test run that is killed closes its end, and nobody is left to kill this process before the disk is full.
                new Thread(() =>
                {
                    while (Console.Read() >= 0)
                    {
                    }
                    Environment.Exit(1);
                }) { IsBackground = true }.Start();
                for (int i = 0; ; i++)
                {
                    store.PutAction(ContentStoreActionTests.Record(store, $"action {i}", new byte[50_000 + i]));
                    Console.WriteLine(i);
                }
            case "write half a blob":
                using (BlobWriter writer = store.CreateBlob())
                {
                    writer.Write(new byte[1_000_000]);
                    writer.Flush();
                    Pause("half");
                }
                break;
            case "write a blob":
                using (BlobWriter writer = store.CreateBlob())
                {
                    writer.Write(new byte[1_000_000]);
                    writer.Flush();
                    Pause("half");
                    writer.Write(new byte[1_000_000]);
                    Console.WriteLine(writer.Commit());
                }
                break;
            case "clear":
                store.Clear();
                Console.WriteLine("cleared");
                break;
            case "use an action":
                Console.WriteLine(store.FindAction(Digest.Parse(arguments[0])) is { } found ? "hit" : "miss");
                Digest own = store.Put("not yet in any action"u8);
                Console.ReadLine();
                Console.WriteLine(store.Contains(own) && store.FindAction(Digest.Parse(arguments[0])) is not null ? "kept" : "lost");
                break;
            default:
                throw new InvalidOperationException(role);
        }
    }

    private static void Pause(string state)
    {
        Console.WriteLine(state);
        Console.ReadLine();
    }
}
