using QuantBuild.Matrices;

namespace QuantBuild.Benchmarks;

/// <summary>
/// A layer by the default recipe, and a product, on one thread, on one per core, and on two and four times as many as there are cores; and
/// what that says of more cores than this machine has. The clock decides: nothing else may run.
/// </summary>
internal static class ThreadsScale
{
    private static readonly int[] MoreCores = [8, 32, 64];

    public static Figures Run(Settings s)
    {
        float[] x = Data.Activations(s.Tokens, s.Inputs), w = Data.Weight(s.Outputs, s.Inputs), y = new float[s.Tokens * s.Outputs];
        int cores = Environment.ProcessorCount;
        int[] counts = [1, cores, 2 * cores, 4 * cores];
        Action<int> layer = RefitScale.Default(x, w, s);
        var figures = new Figures();
        foreach ((string name, Action<int> work) in ((string, Action<int>)[])[("layer", layer),
            ("Gemm", threads => GemmScale.Multiply(x, w, y, s, threads))])
        {
            var contest = new Contest();
            foreach (int threads in counts)
                contest.Add($"{name}, {threads} threads", () => work(threads));
            Timing[] times = [.. contest.Run(s.Rounds).Values];
            double serial = KarpFlatt(times[0].Wall / times[1].Wall, cores);
            string onMore = string.Join(", ", MoreCores.Select(more => $"{1 / (serial + ((1 - serial) / more)):F1} on {more}"));
            string longer = string.Join(" and ",
                times[2..].Select((time, i) => $"{(time.Wall / times[1].Wall) - 1:P1} longer on {counts[i + 2]} threads"));
            Console.WriteLine($"  {name}: {times[0].Wall / times[1].Wall:F2} times as fast on {cores} cores, serial share {serial:P1}; "
                + $"with as much of it {onMore}; {longer}");
            foreach (int more in MoreCores)
                Model(name, work, more, cores);
            figures[$"{name}-serial"] = serial;
            figures[$"{name}-lost"] = (times[2..].Max(time => time.Wall) / times[1].Wall) - 1;
        }
        return figures;
    }

    /// <summary>
    /// Runs on as many threads as there were cores, and reckons with what each loop was cut into: pieces of a loop are taken to be equal,
    /// and the cores of this machine busy while it runs.
    /// </summary>
    private static void Model(string name, Action<int> work, int more, int cores)
    {
        using var observer = new LoopObserver();
        work(more);
        double all = observer.Seconds, loops = observer.Loops.Sum(loop => loop.Seconds);
        double onMore = observer.Loops.Where(loop => loop.Pieces > 0)
            .Sum(loop => cores * loop.Seconds * Math.Ceiling((double)loop.Pieces / more) / loop.Pieces);
        double whole = (all - loops + (cores * loops)) / (all - loops + onMore);
        Console.WriteLine(
            $"  {name}, as if on {more} cores: {observer.Loops.Count} loops of {observer.Loops.Sum(loop => (long)loop.Pieces)} pieces, "
            + $"{(all - loops) / (all - loops + (cores * loops)):P1} of the work outside of them; {whole:F1} times as fast");
    }

    /// <summary>The share that did not become faster, by a measured speed-up (Karp and Flatt, 1990).</summary>
    private static double KarpFlatt(double faster, int cores) =>
        cores == 1 ? double.NaN : Math.Max(0, ((1 / faster) - (1.0 / cores)) / (1 - (1.0 / cores)));
}
