using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QuantBuild.DeviceTable;

/// <summary>A process for one measurement: what it printed counts even when it crashes or takes too long.</summary>
internal static class RowProcess
{
    private const int SignalBase = 128;

    /// <summary>What came of it.</summary>
    /// <param name="Lines">Its results.</param>
    /// <param name="Problem">Why there are no more; null for none.</param>
    /// <param name="IsFailure">Whether that is an error, and not want of time.</param>
    public sealed record Outcome(IReadOnlyList<JsonObject> Lines, string? Problem, bool IsFailure)
    {
        /// <summary>Whether nothing of the device could be measured, and nothing else will be.</summary>
        public bool IsHopeless { get; init; }
    }

    /// <summary>Runs it.</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="allowed">When it is ended.</param>
    public static Outcome Run(IEnumerable<string> arguments, TimeSpan allowed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true,
            RedirectStandardError = true };
        // A crash is a line of the table, and no file.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        var lines = new List<JsonObject>();
        var errors = new List<string>();
        process.OutputDataReceived += (_, received) => Keep(received.Data, lines);
        process.ErrorDataReceived += (_, received) =>
        {
            if (!string.IsNullOrWhiteSpace(received.Data))
                errors.Add(received.Data.Trim());
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(allowed))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return new Outcome(lines, $"it was ended after {allowed.TotalSeconds:F0} s", IsFailure: false);
        }
        process.WaitForExit(); // for what it printed last
        return process.ExitCode switch
        {
            0 => new Outcome(lines, null, IsFailure: false),
            Measurements.CannotMeasure => new Outcome(lines, errors.LastOrDefault("no reason given"), IsFailure: true)
            {
                IsHopeless = !lines.Any(line => (string?)line["name"] == "device"),
            },
            > SignalBase and var status =>
                new Outcome(lines, $"it crashed by signal {status - SignalBase}: {Reason(errors)}", IsFailure: true),
            var status => new Outcome(lines, $"it ended with status {status}: {Reason(errors)}", IsFailure: true),
        };
    }

    /// <summary>What was said first is why; a page of frames follows.</summary>
    private static string Reason(List<string> errors) => errors.FirstOrDefault(line => !line.StartsWith("at ", StringComparison.Ordinal),
        "no reason given");

    private static void Keep(string? text, List<JsonObject> lines)
    {
        if (text is null || !text.StartsWith('{'))
            return;
        try
        {
            if (JsonNode.Parse(text) is JsonObject line)
                lines.Add(line);
        }
        catch (JsonException)
        {
            // Cut off by a crash.
        }
    }
}
