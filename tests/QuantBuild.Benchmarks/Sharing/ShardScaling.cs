using System.Diagnostics;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Compiler.Timing;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>
/// TinyWan's layers on 1, 2 and 4 workers that have a store of their own each and share one in a folder. Every action is held up for a part
/// of a given time, by the planner's prediction: so the workers wait as those of a large model compute, on a machine with two cores.
/// </summary>
internal static class ShardScaling
{
    private static readonly int[] Counts = [1, 2, 4];

    public static Figures Run(int seconds)
    {
        var figures = new Figures();
        string folder = Directory.CreateTempSubdirectory("quantbuild-shards-").FullName;
        try
        {
            string manifest = Path.Combine(folder, "shards.quant.json");
            File.WriteAllText(manifest, Manifest(Path.Combine(Path.GetDirectoryName(TinyWanScale.Manifest)!)));
            Plan plan = ModelCompiler.Plan(new CompileOptions(manifest, Path.Combine(folder, "plan")),
                new DelayingObserver(new Dictionary<(string, string, string), double>())).Plan;
            var samples = SampleSet.Of(plan.Manifest);
            ActionNode[] actions = [.. BuildGraph.Of(plan, null, samples).Actions.Where(action => action.Stage != BuildStages.Pack)];
            double total = actions.Sum(action => action.Seconds(MachineSpeed.Typical));
            var observer = new DelayingObserver(actions.ToDictionary(action => (action.Stage.Name, action.Expert, action.Name),
                action => seconds * action.Seconds(MachineSpeed.Typical) / total));
            Console.WriteLine($"  {actions.Length} actions are held up for {seconds} s in all");
            foreach (int count in Counts)
                Measure(manifest, Path.Combine(folder, $"{count}"), ShardPrediction.Of(plan, samples, count, MachineSpeed.Typical),
                    observer,
                    figures);
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(string manifest, string folder, ShardPrediction predicted, DelayingObserver observer, Figures figures)
    {
        int count = predicted.Workers.Count;
        string shared = Directory.CreateDirectory(Path.Combine(folder, "shared")).FullName;
        CompileOptions[] options = [.. Enumerable.Range(0, count).Select(worker => Options($"worker {worker}"))];
        double calibrate = Phase(calibrateOnly: true), layers = Phase(calibrateOnly: false);
        long start = Stopwatch.GetTimestamp();
        ModelCompiler.Build(Options("pack"), Path.Combine(folder, "out"), observer);
        double pack = Stopwatch.GetElapsedTime(start).TotalSeconds;
        (long fetched, long made) = Moved(options);
        long fetches = predicted.Workers.Sum(worker => worker.BytesIn), makes = predicted.Workers.Sum(worker => worker.BytesOut);
        Console.WriteLine($"  {count} workers: calibrate {calibrate:F1} s, layers {layers:F1} s, pack {pack:F1} s; "
            + $"fetched {fetched / 1e6:F2} MB (predicted {fetches / 1e6:F2} of recordings), written {made / 1e6:F2} MB "
            + $"(predicted {makes / 1e6:F2})");
        figures[FormattableString.Invariant($"layers_{count}")] = layers;
        figures[FormattableString.Invariant($"calibrate_{count}")] = calibrate;
        figures[FormattableString.Invariant($"fetched_{count}")] = (double)fetched / Math.Max(fetches, 1);
        figures[FormattableString.Invariant($"written_{count}")] = (double)made / makes;

        CompileOptions Options(string store) => new(manifest, Path.Combine(folder, store), Threads: 1)
        {
            Remote = new RemoteStoreOptions(new Uri(shared).AbsoluteUri) { Required = true },
        };

        double Phase(bool calibrateOnly)
        {
            long began = Stopwatch.GetTimestamp();
            Thread[] workers = [.. options.Select((own, worker) =>
                new Thread(() => ShardWork.Run(own, new Shard(worker, count), calibrateOnly, observer)))];
            foreach (Thread worker in workers)
                worker.Start();
            foreach (Thread worker in workers)
                worker.Join();
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    /// <summary>
    /// Bytes that workers have from one another, and bytes that there are: what is in two stores was made in one of them.
    /// </summary>
    private static (long Fetched, long Made) Moved(CompileOptions[] options)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        long all = 0, made = 0;
        foreach (FileInfo blob in options.SelectMany(own =>
            new DirectoryInfo(Path.Combine(own.Store!, "blobs")).GetFiles("*", SearchOption.AllDirectories)))
        {
            all += blob.Length;
            made += seen.Add(blob.Name) ? blob.Length : 0;
        }
        return (all - made, made);
    }

    /// <summary>All layers, with little work in each.</summary>
    private static string Manifest(string model) => $$"""
        {
          "model": { "architecture": "wan2.2-i2v", "source": "{{model.Replace('\\', '/')}}/checkpoint" },
          "experts": {
            "high_noise": { "weights": "high_noise_model", "bins": ["early:0-0.5", "late:0.5-1"] },
            "low_noise": { "weights": "low_noise_model", "bins": ["all:0-1"] }
          },
          "calibration": {
            "data": "{{model.Replace('\\', '/')}}/calibration.jsonl",
            "samples": 12, "solver": "euler", "steps": 4, "shift": 5.0, "tokensPerStep": 16, "seed": 42
          },
          "quantize": {
            "format": "mxfp4", "lowRank": { "rank": 4 }, "smooth": { "share": "site" }, "rotation": "none", "weights": { "method": "rtn" },
            "activations": { "clipRatios": [0.8, 1.0] }
          }
        }
        """;
}
