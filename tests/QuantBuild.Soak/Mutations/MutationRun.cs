using System.Diagnostics;

namespace QuantBuild.Soak.Mutations;

/// <summary>What became of many damaged files.</summary>
/// <param name="Reader">Who read them.</param>
/// <param name="Accepted">How many were taken for good ones.</param>
/// <param name="Refused">How many got the reader's own error.</param>
/// <param name="Slowest">The longest time that one took.</param>
/// <param name="MostBytes">The most memory that one allocated, in bytes.</param>
/// <param name="Faults">What else happened: another exception, more than a second, or memory out of proportion to the file.</param>
internal sealed record MutationRun(string Reader, long Accepted, long Refused, TimeSpan Slowest, long MostBytes,
    IReadOnlyList<string> Faults)
{
    private const int MostFaults = 20;

    // What every reading takes; beyond it a multiple of the file.
    private const long BaseBytes = 4 << 20;
    private const long BytesPerByte = 200;

    /// <summary>Damages a reader's file many times and reads it.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="count">How many times.</param>
    /// <param name="seed">What the damages are drawn from.</param>
    /// <param name="limit">Longest time that one reading may take.</param>
    public static MutationRun Of(ReaderTarget target, long count, int seed, TimeSpan limit)
    {
        if (!target.Read(target.Seed))
            throw new InvalidOperationException($"{target.Name} does not read its own seed");
        var (accepted, refused, slowest, most, faults) = (0L, 0L, TimeSpan.Zero, 0L, new List<string>());
        for (long i = 0; i < count && faults.Count < MostFaults; i++)
        {
            byte[] text = Mutator.Damage(target.Seed, new Random(HashCode(seed, i)));
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                _ = target.Read(text) ? accepted++ : refused++;
            }
            catch (Exception failure) when (target.IsCoded(failure))
            {
                refused++;
            }
            catch (Exception failure)
            {
                faults.Add($"{target.Name}, damage {i} of seed {seed}: {failure.GetType().Name}: {failure.Message} "
                    + $"{failure.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("QuantBuild", StringComparison.Ordinal))?.Trim()}");
            }
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (time > limit)
                faults.Add($"{target.Name}, damage {i} of seed {seed}: {time.TotalSeconds:F1} s");
            if (bytes > BaseBytes + (BytesPerByte * text.Length))
                faults.Add($"{target.Name}, damage {i} of seed {seed}: {bytes} bytes of memory for a file of {text.Length}");
            (slowest, most) = (time > slowest ? time : slowest, Math.Max(most, bytes));
        }
        return new MutationRun(target.Name, accepted, refused, slowest, most, faults);
    }

    /// <summary>A seed per damage, the same in every run.</summary>
    private static int HashCode(int seed, long index) =>
        unchecked((int)((((ulong)seed * 0x9E3779B97F4A7C15) + (ulong)index) * 0xBF58476D1CE4E5B9 >> 32));
}
