using System.Diagnostics;

namespace QuantBuild.Benchmarks;

/// <summary>
/// Times contestants in turns, so that a change of the machine's load hits all of them, and compares medians with the first.
/// </summary>
internal sealed class Contest
{
    private readonly List<(string Name, Action Run, double Work, string Unit)> _contestants = [];

    /// <summary>Adds a contestant; null is one that is not available.</summary>
    /// <param name="name">Name in the table.</param>
    /// <param name="run">One run.</param>
    /// <param name="work">Work of a run in <paramref name="unit"/> times seconds, in units of 1e9.</param>
    /// <param name="unit">Name of the rate; empty for none.</param>
    public void Add(string name, Action? run, double work = 0, string unit = "")
    {
        if (run is not null)
            _contestants.Add((name, run, work / 1e9, unit));
    }

    /// <summary>Runs everything and prints a line for each; returns the medians in seconds, by name.</summary>
    public IReadOnlyDictionary<string, Timing> Run(int rounds)
    {
        var wall = _contestants.Select(_ => new List<double>()).ToArray();
        var processor = _contestants.Select(_ => new List<double>()).ToArray();
        int[] runs = [.. _contestants.Select(contestant => RunsToTime(contestant.Run))];
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < _contestants.Count; i++)
            {
                Timing time = Time(_contestants[i].Run, runs[i]);
                wall[i].Add(time.Wall);
                processor[i].Add(time.Processor);
            }
        }
        Timing[] medians = [.. wall.Zip(processor, (seconds, busy) => new Timing(Median(seconds), Median(busy)))];
        for (int i = 0; i < medians.Length; i++)
        {
            (string name, _, double work, string unit) = _contestants[i];
            string rate = work > 0 ? $"{work / medians[i].Wall,8:F1} {unit}" : "";
            Console.WriteLine(
                $"  {name,-34} {medians[i].Wall * 1e3,9:F1} ms  cpu {medians[i].Processor * 1e3,9:F1} ms  "
                    + $"{medians[i].Wall / medians[0].Wall,6:F2} x first {rate}");
        }
        return _contestants.Zip(medians).ToDictionary(pair => pair.First.Name, pair => pair.Second, StringComparer.Ordinal);
    }

    /// <summary>Wall-clock and processor seconds of one run.</summary>
    /// <param name="run">One run.</param>
    /// <param name="runs">
    /// How many are timed together.  Short ones are timed as they are used, one after the other, and after as many that are not timed: a
    /// sleeping thread, ours or OpenBLAS's, is often put on the core of the one that wakes it and begins when the system next looks round,
    /// up to 4 ms later.
    /// </param>
    public static Timing Time(Action run, int runs = 1)
    {
        GC.Collect();
        Rest();
        for (int i = 0; runs > 1 && i < runs; i++)
            run();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++)
            run();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Timing(seconds / runs, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / runs);
    }

    /// <summary>How many runs take a tenth of a second; one at least.</summary>
    private static int RunsToTime(Action run)
    {
        run();
        long start = Stopwatch.GetTimestamp();
        run();
        return Math.Max(1, (int)(0.1 / Stopwatch.GetElapsedTime(start).TotalSeconds));
    }

    /// <summary>
    /// Waits until no thread of the process works: those of OpenBLAS stay busy for tens of milliseconds after a product, which the next
    /// contestant would pay for.
    /// </summary>
    private static void Rest()
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(20), busy;
        int left = 50;
        do
        {
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            Thread.Sleep(pause);
            busy = Process.GetCurrentProcess().TotalProcessorTime - before;
        }
        while (busy > pause / 10 && --left > 0);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
