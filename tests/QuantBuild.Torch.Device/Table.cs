using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QuantBuild.DeviceTable;

/// <summary>Runs every measurement in a process of its own and prints what they found as one JSON document, a result per line.</summary>
internal static class Table
{
    /// <summary>Time for the document itself, and for processes that have to be ended.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(5);

    /// <summary>Makes the table.</summary>
    /// <param name="options">What is said.</param>
    /// <param name="output">Where it goes.</param>
    /// <returns>0 when everything was measured or left out for want of time or memory; 1 when something failed.</returns>
    public static int Make(DeviceOptions options, TextWriter output)
    {
        long start = Stopwatch.GetTimestamp();
        var results = new List<JsonObject>();
        var leftOut = new List<JsonObject>();
        bool failed = false;
        foreach (Measurements.Measurement measurement in Measurements.All)
        {
            if (options.Only.Count > 0 && !options.Only.Contains(measurement.Name))
                continue;
            TimeSpan left = options.Limit - Reserve - Stopwatch.GetElapsedTime(start), allowed = TimeSpan.FromSeconds(measurement.Seconds);
            if (left < allowed / 4)
            {
                leftOut.Add(Left(measurement.Name, $"{Math.Max(0, left.TotalSeconds):F0} s of {options.Limit.TotalSeconds:F0} were left"));
                continue;
            }
            Console.Error.WriteLine($"{measurement.Name}, up to {(left < allowed ? left : allowed).TotalSeconds:F0} s");
            RowProcess.Outcome outcome = RowProcess.Run(options.For(measurement.Name), left < allowed ? left : allowed);
            foreach (JsonObject line in outcome.Lines)
            {
                // Now as well: whoever ends this process keeps what was measured.
                Console.Error.WriteLine(Line(line));
                (line.ContainsKey("leftOut") ? leftOut : results).Add(line);
            }
            if (outcome.Problem is { } problem)
            {
                leftOut.Add(Left(measurement.Name, problem));
                failed |= outcome.IsFailure;
                if (outcome.IsHopeless)
                {
                    leftOut.AddRange(Measurements.All.SkipWhile(other => other != measurement).Skip(1)
                        .Select(other => Left(other.Name, $"not tried, because {measurement.Name} was not possible")));
                    break;
                }
            }
        }
        Compare(results, leftOut);
        Write(output, options, results, leftOut, Stopwatch.GetElapsedTime(start));
        return failed ? 1 : 0;
    }

    /// <summary>The same measurement twice, in two processes: one result of both.</summary>
    private static void Compare(List<JsonObject> results, List<JsonObject> leftOut)
    {
        JsonObject[] second = [.. results.Where(result => (string?)result["row"] == "again")];
        foreach (JsonObject again in second)
        {
            results.Remove(again);
            JsonObject? first = results.SingleOrDefault(result =>
                (string?)result["row"] == "repeat" && (string?)result["name"] == (string?)again["name"]);
            if (first is null)
                continue;
            string digest = (string)first["value"]!;
            first["value"] = digest == (string?)again["value"] && !digest.StartsWith("differs", StringComparison.Ordinal)
                ? "same"
                : "differs";
            first["note"] = $"twice in a process, and in another one: {digest}";
        }
        foreach (JsonObject alone in results.Where(result => (string?)result["row"] == "repeat" && !result.ContainsKey("note")).ToArray())
        {
            results.Remove(alone);
            leftOut.Add(Left("repeat", $"{alone["name"]} was not measured a second time"));
        }
    }

    private static void Write(TextWriter output, DeviceOptions options, List<JsonObject> results, List<JsonObject> leftOut, TimeSpan taken)
    {
        output.WriteLine($$"""{"size": "{{options.Sizes.Name}}", "device": "{{options.Device}}", "seconds": {{taken.TotalSeconds:F0}},""");
        output.WriteLine("\"results\": [");
        output.WriteLine(string.Join(",\n", results.Select(Line)));
        output.WriteLine("],\n\"leftOut\": [");
        output.WriteLine(string.Join(",\n", leftOut.Select(Line)));
        output.WriteLine("]}");
    }

    private static string Line(JsonObject line) => line.ToJsonString(new JsonSerializerOptions
    {
        // For people: an apostrophe stays one.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private static JsonObject Left(string row, string why) => new() { ["row"] = row, ["leftOut"] = why };
}
