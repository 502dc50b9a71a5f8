using System.Collections.Concurrent;

namespace QuantBuild.Matrices;

/// <summary>Parallel loops over independent pieces of work.</summary>
/// <remarks>
/// Results never depend on who does which piece: pieces share no output, and sums over pieces are taken afterwards, in order.
/// </remarks>
internal static class Workers
{
    /// <summary>
    /// Calls <paramref name="body"/> with (first, count) for every range of at most <paramref name="size"/> below <paramref name="total"/>.
    /// </summary>
    /// <inheritdoc cref="For(int, int, Action{int}, CancellationToken)"/>
    public static void ForRanges(int total, int size, int threads, Action<int, int> body, CancellationToken ct = default) =>
        For((total + size - 1) / size, threads, range => body(range * size, Math.Min(size, total - (range * size))), ct);

    /// <summary>The same with scratch memory that a thread makes once and keeps for all its ranges.</summary>
    /// <inheritdoc cref="ForRanges(int, int, int, Action{int, int}, CancellationToken)"/>
    public static void ForRanges<TScratch>(int total, int size, int threads, Func<TScratch> scratch, Action<TScratch, int, int> body,
        CancellationToken ct = default)
        where TScratch : class
    {
        var free = new ConcurrentBag<TScratch>();
        ForRanges(total, size, threads, (first, count) =>
        {
            if (!free.TryTake(out TScratch? own))
                own = scratch();
            body(own, first, count);
            free.Add(own);
        }, ct);
    }

    /// <summary>
    /// The largest range, a multiple of <paramref name="granule"/> and at most <paramref name="most"/>, that gives every thread as many.
    /// </summary>
    public static int RangeSize(int total, int threads, int granule, int most)
    {
        long rounds = Divide(total, (long)Math.Max(1, threads) * most);
        int share = (int)Divide(total, Math.Max(1, threads) * Math.Max(1, rounds));
        return Math.Clamp((share + granule - 1) / granule * granule, granule, most);
    }

    /// <summary>
    /// Calls <paramref name="body"/> once for every index below <paramref name="count"/>, on at most <paramref name="threads"/> threads,
    /// the caller's among them.  Indices are handed out one by one, so a thread that is slow or late takes fewer.
    /// </summary>
    /// <exception cref="AggregateException">
    /// The body threw on a thread other than the caller's. What it throws on the caller's goes first, as it is.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled: no index is begun after that.</exception>
    public static void For(int count, int threads, Action<int> body, CancellationToken ct = default)
    {
        if (LoopObserver.Current is { } observer)
            Observe(observer, count, threads, body, ct);
        else
            Run(count, threads, body, ct);
    }

    // A method of its own: what the lambda captures is an object, which loops that nobody observes do without.
    private static void Observe(LoopObserver observer, int count, int threads, Action<int> body, CancellationToken ct) =>
        observer.Observe(count, () => Run(count, threads, body, ct));

    private static void Run(int count, int threads, Action<int> body, CancellationToken ct)
    {
        int helpers = Math.Min(threads, count) - 1;
        if (helpers <= 0)
        {
            for (int i = 0; i < count; i++)
            {
                ct.ThrowIfCancellationRequested();
                body(i);
            }
            return;
        }

        int next = -1;
        void Work()
        {
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                ct.ThrowIfCancellationRequested();
                body(i);
            }
        }

        var jobs = new List<WorkerThread.Job>(helpers);
        try
        {
            // Whatever fails here, those that have begun work on the caller's memory and are waited for.
            for (int i = 0; i < helpers; i++)
                jobs.Add(WorkerThread.Start(Work));
            Work();
        }
        finally
        {
            foreach (WorkerThread.Job job in jobs)
                job.Wait();
        }
        Exception[] errors = [.. jobs.Select(job => job.Error).OfType<Exception>()];
        if (errors.Length == 0)
            return;
        if (errors.All(error => error is OperationCanceledException))
            ct.ThrowIfCancellationRequested();
        throw new AggregateException(errors);
    }

    private static long Divide(long value, long by) => (value + by - 1) / by;
}
