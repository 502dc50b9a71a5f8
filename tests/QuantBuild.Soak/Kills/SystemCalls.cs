using System.Diagnostics;
using System.Globalization;

namespace QuantBuild.Soak.Kills;

/// <summary>Runs a build under strace: to count what a thread calls, or to have it killed at one of these calls.</summary>
internal static class SystemCalls
{
    /// <summary>Calls that change files, the ones around which a build could leave something half done.</summary>
    public static readonly string[] Names =
    [
        "openat", "write", "pwrite64", "ftruncate", "rename", "unlink", "mkdir", "rmdir", "fchmod", "fchmodat", "utimensat", "flock",
            "fsync", "close",
        "link", "copy_file_range", "ioctl", "fallocate",
    ];

    /// <summary>
    /// The most calls of each kind that one thread makes in an undisturbed build; calls that are never made are left out.
    /// </summary>
    public static Dictionary<string, int> Count(Project project)
    {
        string log = Path.Combine(Path.GetTempPath(), $"quantbuild-strace-{Guid.NewGuid():N}");
        try
        {
            int code = Start(project, ["-o", log, "-e", $"trace={Known()}"]);
            if (code != 0)
                throw new InvalidOperationException($"the traced build ended with {code}");
            return File.ReadLines(log).Select(line => line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries))
                .Where(parts => parts.Length == 2 && parts[1].Contains('('))
                .GroupBy(parts => (Thread: parts[0], Call: parts[1].TrimStart().Split('(')[0]))
                .GroupBy(calls => calls.Key.Call, calls => calls.Count())
                .Where(calls => Names.Contains(calls.Key))
                .ToDictionary(calls => calls.Key, calls => calls.Max(), StringComparer.Ordinal);
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Runs a build until a thread makes a call for the n-th time; whether it was killed there.</summary>
    public static bool KillAt(Project project, string call, int number) =>
        Start(project,
            ["-o", "/dev/null", "-e", $"trace={call}", "-e",
                string.Create(CultureInfo.InvariantCulture, $"inject={call}:signal=SIGKILL:when={number}")]) != 0;

    // A question mark passes over calls that a processor does not have.
    private static string Known() => string.Join(',', Names.Select(name => "?" + name));

    // Without --seccomp-bpf, which is faster, but with which strace 6.1 counts no calls for when=.
    private static int Start(Project project, string[] options)
    {
        using Process process = Process.Start(new ProcessStartInfo("strace", ["-f", "-qq", .. options, "dotnet", .. project.Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        error.Wait();
        return process.ExitCode;
    }
}
