using System.CommandLine;
using System.Diagnostics;

namespace QuantBuild.Soak.Mutations;

/// <summary><c>mutations</c>: damages files of every kind and reads them.</summary>
internal static class MutationsCommand
{
    private static readonly Option<long> Count = new("--count") { Description = "Damages per reader.", DefaultValueFactory = _ => 100_000 };
    private static readonly Option<int> Seed = new("--seed") { Description = "What the damages are drawn from.", DefaultValueFactory = _ =>
        1 };
    private static readonly Option<string?> Reader = new("--reader") { Description = "One reader alone, by its name." };

    public static Command Create()
    {
        var command =
            new Command("mutations",
                "Damages files of every kind; each must be read or get its reader's own error, within a second and in memory of its size.") { Count, Seed, Reader };
        command.SetAction(parsed => Run(parsed.GetValue(Count), parsed.GetValue(Seed), parsed.GetValue(Reader)));
        return command;
    }

    private static int Run(long count, int seed, string? only)
    {
        ReaderTarget[] targets = [.. ReaderTargets.All.Where(target => only is null || target.Name == only)];
        if (targets.Length == 0)
        {
            Console.Error.WriteLine($"readers are {string.Join(", ", ReaderTargets.All)}");
            return 2;
        }
        long all = 0;
        int faults = 0;
        long start = Stopwatch.GetTimestamp();
        foreach (ReaderTarget target in targets)
        {
            MutationRun run = MutationRun.Of(target, count, seed, TimeSpan.FromSeconds(1));
            Console.WriteLine(
                $"{run.Reader,-24} {run.Accepted,10} read {run.Refused,10} refused {run.Faults.Count,4} faults  slowest "
                    + $"{run.Slowest.TotalMilliseconds,7:F1} ms  most {run.MostBytes / 1024.0,9:F0} KiB");
            foreach (string fault in run.Faults)
                Console.WriteLine("  " + fault);
            (all, faults) = (all + run.Accepted + run.Refused + run.Faults.Count, faults + run.Faults.Count);
        }
        Console.WriteLine($"{all} damages, {faults} faults, {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
        return faults == 0 ? 0 : 1;
    }
}
