using QuantBuild.Benchmarks.Checkpoint;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>
/// What the local store costs an action: putting three outputs and a record, finding the record, opening an output; and what an action of
/// TinyWan costs that is in the store, all that the build does else (plan, artifact, report, history) included.
/// </summary>
internal static class LocalCost
{
    public static Figures Run(int records)
    {
        string folder = Directory.CreateTempSubdirectory("quantbuild-local-").FullName;
        try
        {
            var figures = new Figures();
            using (ContentStore store = ContentStore.Open(Path.Combine(folder, "records")))
                Records(store, records, figures);
            Builds(folder, figures);
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Records(ContentStore store, int count, Figures figures)
    {
        var made = new List<ActionRecord>();
        Measure("put", Put);
        Measure("found", () =>
            made.ForEach(record => _ = Find(record.Key) ?? throw new InvalidOperationException("a result is missing")));
        Measure("missed", () =>
        {
            for (int i = 1; i <= count; i++)
                Find(Digest.Of(BitConverter.GetBytes(-i)));
        });
        Measure("opened", () => made.ForEach(record => store.Read(record.Outputs["output0"].Digest)));

        ActionRecord? Find(Digest key) => ((IActionCache)store).FindAsync(key).AsTask().GetAwaiter().GetResult();

        void Put()
        {
            for (int number = 0; number < count; number++)
            {
                ActionRecord record = StoredRecords.Make(store, number);
                ((IActionCache)store).PutAsync(record).AsTask().GetAwaiter().GetResult();
                made.Add(record);
            }
        }

        void Measure(string name, Action run)
        {
            Timing time = Contest.Time(run);
            Console.WriteLine($"  {name,-8} {time.Wall * 1e3 / count,8:F3} ms  cpu {time.Processor * 1e3 / count,8:F3} ms");
            figures[$"{name}_ms"] = time.Wall * 1e3 / count;
            figures[$"{name}_cpu_ms"] = time.Processor * 1e3 / count;
        }
    }

    private static void Builds(string folder, Figures figures)
    {
        ToolRun help = ToolRun.Start(["--help"]);
        string[] build = ["build", TinyWanScale.Manifest, "--store", Path.Combine(folder, "tool"), "--log", "json"];
        ToolRun.Start([.. build, "--out", Path.Combine(folder, "cold")]);
        ToolRun warm = ToolRun.Start([.. build, "--out", Path.Combine(folder, "warm")]);
        if (warm.ExitCode != 0)
            throw new InvalidOperationException(string.Join('\n', warm.Output.Append(warm.Error)));
        int actions = warm.Output.Count(line => line.Contains("\"result\":\"cached\"", StringComparison.Ordinal));
        Console.WriteLine($"  TinyWan, full store, no artifact: {warm.Seconds:F2} s, cpu {warm.ProcessorSeconds:F2} s, {actions} actions; "
            + $"--help {help.Seconds:F2} s, cpu {help.ProcessorSeconds:F2} s");
        figures["actions"] = actions;
        figures["action_ms"] = 1000 * (warm.Seconds - help.Seconds) / actions;
        figures["action_cpu_ms"] = 1000 * (warm.ProcessorSeconds - help.ProcessorSeconds) / actions;
    }
}
