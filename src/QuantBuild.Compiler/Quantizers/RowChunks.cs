namespace QuantBuild.Compiler.Quantizers;

/// <summary>Parallel loops over independent ranges of rows.</summary>
/// <remarks>Results never depend on who runs which range: ranges share no output, and sums over ranges are taken afterwards, in order.</remarks>
internal static class RowChunks
{
    /// <summary>Calls <paramref name="body"/> with (first, count) for every range of at most <paramref name="size"/> below <paramref name="total"/>.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled: no range is begun after that.</exception>
    public static void For(int total, int size, int threads, Action<int, int> body, CancellationToken ct = default) =>
        For<object?>(total, size, threads, () => null, (_, first, count) => body(first, count), ct);

    /// <summary>The same with scratch memory that a thread makes once and keeps for all its ranges.</summary>
    public static void For<TScratch>(int total, int size, int threads, Func<TScratch> scratch, Action<TScratch, int, int> body,
        CancellationToken ct = default)
    {
        int chunks = (total + size - 1) / size;
        int workers = Math.Min(threads, chunks);
        int next = -1;
        if (workers <= 1)
            Work();
        else
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = ct }, _ => Work());

        void Work()
        {
            int chunk = Interlocked.Increment(ref next);
            if (chunk >= chunks)
                return;
            TScratch own = scratch();
            for (; chunk < chunks; chunk = Interlocked.Increment(ref next))
            {
                ct.ThrowIfCancellationRequested();
                body(own, chunk * size, Math.Min(size, total - (chunk * size)));
            }
        }
    }

    /// <summary>The largest range, a multiple of <paramref name="granule"/> and at most <paramref name="most"/>, that gives every thread as many.</summary>
    public static int Size(int total, int threads, int granule, int most)
    {
        long rounds = Divide(total, (long)Math.Max(1, threads) * most);
        int share = (int)Divide(total, Math.Max(1, threads) * Math.Max(1, rounds));
        return Math.Clamp((share + granule - 1) / granule * granule, granule, most);
    }

    private static long Divide(long value, long by) => (value + by - 1) / by;
}
