using System.Globalization;
using QuantBuild.Compiler.Clusters;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Processes;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary>Submits jobs to Slurm and follows them.</summary>
internal static class SlurmRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), Pause = TimeSpan.FromSeconds(5);

    /// <summary>Submits what <see cref="SlurmScripts"/> wrote.</summary>
    /// <param name="folder">Folder of the scripts.</param>
    /// <param name="wait">Whether to follow the jobs to their end.</param>
    /// <param name="run">The command.</param>
    /// <returns>The exit code: 1 when a job failed.</returns>
    /// <exception cref="DiagnosticException">Slurm cannot be asked, or refuses (QB4110).</exception>
    public static int Submit(string folder, bool wait, CommandRun run)
    {
        string[] jobs = Ask("sh", Path.Combine(folder, SlurmScripts.Submit)).Trim().Split(' ');
        run.Answer.WriteLine($"jobs {string.Join(", ", jobs)}: calibrate, layers, pack");
        if (!wait)
            return ExitCode.Done;
        for (string before = ""; ; run.Cancellation.WaitHandle.WaitOne(Pause))
        {
            run.Cancellation.ThrowIfCancellationRequested();
            string[] states = Ask("squeue", "--noheader", "--array", "--jobs", string.Join(',', jobs), "--format", "%T %j")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string now = string.Join("; ", states.GroupBy(line => line.Trim(), StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key.ToLowerInvariant()}: {group.Count()}")));
            if (now != before && now.Length > 0)
                run.Console.Error.WriteLine(now);
            before = now;
            if (states.Length == 0)
                break;
        }
        string state = StateOf(jobs[^1]);
        run.Answer.WriteLine($"pack: {state.ToLowerInvariant()}; logs are in {folder}");
        return state == "COMPLETED" ? ExitCode.Done : ExitCode.Failed;
    }

    private static string StateOf(string job) => Ask("scontrol", "--oneliner", "show", "job", job).Split(' ')
        .FirstOrDefault(field => field.StartsWith("JobState=", StringComparison.Ordinal))?["JobState=".Length..] ?? "unknown";

    private static string Ask(string program, params string[] arguments)
    {
        ProgramResult? result = ProgramProcess.Run(program, Patience, arguments);
        return result is { ExitCode: 0 } ? result.Out
            : throw new DiagnosticException(Descriptors.SlurmFailed.At(null, program, result is null
                ? "it is not on the PATH, or did not answer"
                : result.Error.Trim()));
    }
}
