using System.Globalization;
using System.Reflection;
using QuantBuild.Benchmarks.Checkpoint;

namespace QuantBuild.Benchmarks;

/// <summary>
/// A build of the repository's own model with an empty store, in a process of its own, started and compiled as a user's is.
/// </summary>
internal static class TinyWanScale
{
    /// <summary>The model's manifest.</summary>
    public static string Manifest { get; } = Path.Combine(typeof(TinyWanScale).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "RepositoryRoot").Value!, "models", "TinyWan", "tinywan.quant.json");

    public static Figures Run(Settings s)
    {
        string folder = Directory.CreateTempSubdirectory("quantbuild-tinywan-").FullName;
        try
        {
            double[] seconds = [.. Enumerable.Range(0, s.Rounds).Select(round => Build(Path.Combine(folder, $"{round}"), s))
                .Order()];
            return new Figures { ["cold"] = seconds[seconds.Length / 2] };
        }
        finally
        {
            // Not between the builds: ext4 does not use the inodes of deleted files for some seconds, and the next build's new files would
            // pay for the search past them (measured: a quarter of its processor time).
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Build(string folder, Settings s)
    {
        ToolRun build =
            ToolRun.Start(["build", Manifest, "--store", Path.Combine(folder, "store"), "--out", Path.Combine(folder, "out"), "--locked",
            "--threads", s.Threads.ToString(CultureInfo.InvariantCulture)]);
        if (build.ExitCode != 0)
            throw new InvalidOperationException(string.Join('\n', build.Output.Append(build.Error)));
        Console.WriteLine(
            $"  TinyWan, empty store: {build.Seconds:F1} s on the clock, {build.ProcessorSeconds:F1} s of processor time, "
                + $"{build.PeakBytes / 1e6:F0} MB");
        return s.Threads == 1 ? build.ProcessorSeconds : build.Seconds;
    }
}
