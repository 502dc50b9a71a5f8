using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Benchmarks.Checkpoint;

/// <summary>
/// <c>quantbuild build</c> of a checkpoint at the real widths in a process of its own: its peak memory against the limit and the
/// prediction, and its time by stages with a projection to all blocks.
/// </summary>
internal static class CheckpointScale
{
    private const int RealBlocks = 40;

    // What the program takes before any work, when the limit is a share of memory that only it knows.
    private const double PredictionTolerance = 0.25;

    /// <summary>Runs it; the exit code is 1 when the build failed or took more memory than it may.</summary>
    public static int Run(CheckpointSettings settings)
    {
        string folder = settings.Folder ?? Path.Combine(Path.GetTempPath(), "quantbuild-scale-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        try
        {
            return Measure(folder, settings);
        }
        finally
        {
            if (settings.Folder is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    private static int Measure(string folder, CheckpointSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        string manifest = SyntheticCheckpoint.Write(folder, settings);
        Console.WriteLine(
            $"  checkpoint of 2 x {settings.Blocks} blocks, {FolderBytes(Path.Combine(folder, "checkpoint")) / 1e9:F2} GB, made in "
                + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");

        string store = Path.Combine(folder, "store");
        string[] common = [manifest, "--store", store, "--threads", settings.Threads.ToString(CultureInfo.InvariantCulture),
            "--memory-limit", settings.Limit];
        ToolRun plan = ToolRun.Start(["plan", .. common, "--json"]);
        JsonNode planned = JsonNode.Parse(string.Concat(plan.Output))!;
        long predicted = planned["peakBytes"]!.GetValue<long>();
        long limit = MemoryLimit.Parse(settings.Limit)!.Value.Resolve(MachineMemory.Read());
        ToolRun build = ToolRun.Start(["build", .. common, "--out", Path.Combine(folder, "out"), "--log", "json"]);
        if (build.ExitCode != 0)
        {
            Console.WriteLine(
                $"  the build failed with exit code {build.ExitCode}:\n{build.Error}\n{string.Join('\n', build.Output.TakeLast(5))}");
            return 1;
        }
        Report(settings, build);
        double deviation = (predicted / (double)build.PeakBytes) - 1;
        Console.WriteLine(
            $"  peak memory {build.PeakBytes / 1e9:F2} GB (VmHWM), limit {limit / 1e9:F2} GB, predicted {predicted / 1e9:F2} GB "
                + $"({deviation:+0%;-0%;0%})");
        double seconds = planned["time"]!["processorSeconds"]!.GetValue<double>(), late = (seconds / build.ProcessorSeconds) - 1;
        Console.WriteLine($"  predicted {seconds:F0} s of processor time ({late:+0%;-0%;0%})");
        Console.WriteLine(
            $"  artifact {FolderBytes(Path.Combine(folder, "out")) / 1e9:F2} GB, store {FolderBytes(store) / 1e9:F2} GB, predicted "
                + $"{planned["storeBytes"]!.GetValue<long>() / 1e9:F2} GB");
        bool bounded = build.PeakBytes <= limit, right = Math.Abs(deviation) <= PredictionTolerance
            && Math.Abs(late) <= PredictionTolerance;
        Console.WriteLine(bounded ? "  the peak is within the limit" : "  THE PEAK IS ABOVE THE LIMIT");
        Console.WriteLine(right ? "  the predictions are right within 25 %" : "  A PREDICTION IS OFF BY MORE THAN 25 %");
        return bounded && right ? 0 : 1;
    }

    private static void Report(CheckpointSettings settings, ToolRun build)
    {
        JsonObject[] actions = [.. build.Output.Select(line => JsonNode.Parse(line)!.AsObject()).Where(line => line["stage"] is not null)];
        double all = actions.Sum(Seconds);
        foreach (IGrouping<string, JsonObject> stage in actions.GroupBy(action => action["stage"]!.GetValue<string>(),
            StringComparer.Ordinal))
            Console.WriteLine(
                $"  {stage.Key,-12} {stage.Count(),4} actions {stage.Sum(Seconds),9:F1} s {stage.Sum(Seconds) / all,6:P0}  longest "
                    + $"{stage.Max(Seconds),7:F1} s");
        Console.WriteLine($"  whole build {build.Seconds:F0} s on the clock, {build.ProcessorSeconds:F0} s of processor time");

        // Layers and their files grow with the blocks; a sample's run grows with blocks, steps and tokens of its latent, and is projected
        // for this set.
        double factor = RealBlocks / (double)settings.Blocks;
        double share = build.ProcessorSeconds / all;
        double layers = actions.Where(action => action["stage"]!.GetValue<string>() != "Trajectory").Sum(Seconds) * share;
        double samples = actions.Where(action => action["stage"]!.GetValue<string>() == "Trajectory").Sum(Seconds) * share;
        Console.WriteLine(
            $"  projection to 2 x {RealBlocks} blocks, processor time, same calibration set: layers {layers:F0} s x {factor:0.#} = "
                + $"{layers * factor / 3600:F1} h, samples {samples:F0} s x {factor:0.#} = {samples * factor / 3600:F2} h");
        Console.WriteLine(
            $"  with {settings.Threads} free cores about {(layers + samples) * factor / 3600 / settings.Threads:F1} h; memory does not "
                + $"grow with the blocks");
    }

    private static double Seconds(JsonObject action) => action["seconds"]!.GetValue<double>();

    private static long FolderBytes(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
}
