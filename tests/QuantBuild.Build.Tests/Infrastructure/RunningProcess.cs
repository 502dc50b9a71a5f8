using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A process whose output is collected.</summary>
internal sealed partial class RunningProcess : IDisposable
{
    private const string RestoreInterruption = "--default-signal=INT";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    // A shell that starts tests in the background has them ignore Ctrl+C, and every process inherits that: coreutils' env undoes it.
    private static readonly Lazy<bool> TakesInterruptions = new(() =>
    {
        if (!OperatingSystem.IsLinux())
            return false;
        using Process trial = Process.Start(new ProcessStartInfo("env", [RestoreInterruption, "true"]) { RedirectStandardError = true })!;
        trial.WaitForExit();
        return trial.ExitCode == 0;
    });

    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    public RunningProcess(string file, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(TakesInterruptions.Value ? "env" : file,
            TakesInterruptions.Value ? [RestoreInterruption, OnPath(file), .. arguments] : arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, line) => Append(_out, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Its standard output so far.</summary>
    public string OutSoFar
    {
        get
        {
            lock (_out)
                return _out.ToString();
        }
    }

    /// <summary>The most physical memory it has had, on Linux; 0 when it is gone.</summary>
    public long PeakBytes
    {
        get
        {
            try
            {
                string? line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/status"))
                    .FirstOrDefault(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
                return line is null
                    ? 0
                    : 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    /// <summary>Waits for the end.</summary>
    public Outcome Wait()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"the process did not end\n{_out}\n{_error}");
        }
        _process.WaitForExit();
        return new Outcome(_process.ExitCode, _out.ToString(), _error.ToString());
    }

    /// <summary>Waits until a number of lines of standard output contain a text; false when the process ends before.</summary>
    public bool WaitForLines(int count, string text)
    {
        while (OutSoFar.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal)) < count)
        {
            if (_process.HasExited)
                return false;
            Thread.Sleep(5);
        }
        return true;
    }

    /// <summary>Ends it without any chance to clean up.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Does what Ctrl+C does; false when the process has ended.</summary>
    public bool TryInterrupt() => SendSignal(_process.Id, Interruption) == 0;

    public void Dispose() => _process.Dispose();

    private const int Interruption = 2;

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    // env would look in the PATH that a test gives to the process, which may be a trap.
    private static string OnPath(string file) => Path.IsPathRooted(file)
        ? file
        : Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists) ?? file;

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.AppendLine(line);
    }
}
