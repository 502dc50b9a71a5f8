using System.Diagnostics;
using System.Globalization;

namespace QuantBuild.Benchmarks.Checkpoint;

/// <summary>A finished run of <c>quantbuild</c> in a process of its own.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Lines of standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Seconds">Time on the clock.</param>
/// <param name="ProcessorSeconds">Processor time of all its threads.</param>
/// <param name="PeakBytes">The most physical memory it had, file pages included: VmHWM of Linux.</param>
internal sealed record ToolRun(int ExitCode, IReadOnlyList<string> Output, string Error, double Seconds, double ProcessorSeconds,
    long PeakBytes)
{
    /// <summary>Runs it to the end. It lies beside this program.</summary>
    public static ToolRun Start(IEnumerable<string> arguments)
    {
        string[] all = ["exec", Path.Combine(AppContext.BaseDirectory, "QuantBuild.Tool.dll"), .. arguments];
        var start = new ProcessStartInfo("dotnet", all) { RedirectStandardOutput = true, RedirectStandardError = true };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        var output = new List<string>();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
                output.Add(text);
        };
        process.BeginOutputReadLine();
        Task<string> error = process.StandardError.ReadToEndAsync();
        long peak = 0;
        double processor = 0;
        // Both counters only grow, and are gone with the process: the last look is within a tenth of a second of the end.
        while (!process.WaitForExit(100))
        {
            peak = Math.Max(peak, PeakOf(process.Id));
            processor = Math.Max(processor, ProcessorSecondsOf(process));
        }
        process.WaitForExit();
        return new ToolRun(process.ExitCode, output, error.Result, Stopwatch.GetElapsedTime(began).TotalSeconds, processor, peak);
    }

    private static double ProcessorSecondsOf(Process process)
    {
        try
        {
            return process.TotalProcessorTime.TotalSeconds;
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }

    private static long PeakOf(int process)
    {
        try
        {
            string? line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
                .FirstOrDefault(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
            return line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, string kilobytes, ..]
                ? long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024
                : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
