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
            figures[$"{name}-serial"] = serial;
            figures[$"{name}-lost"] = (times[2..].Max(time => time.Wall) / times[1].Wall) - 1;
        }
        return figures;
    }

    /// <summary>The share that did not become faster, by a measured speed-up (Karp and Flatt, 1990).</summary>
    private static double KarpFlatt(double faster, int cores) =>
        cores == 1 ? double.NaN : Math.Max(0, ((1 / faster) - (1.0 / cores)) / (1 - (1.0 / cores)));
}
