namespace QuantBuild.Kernels;

/// <summary>A parallel loop over independent pieces of work.</summary>
internal static class Workers
{
    /// <summary>
    /// Calls <paramref name="body"/> once for every index below <paramref name="count"/>, on at most <paramref name="threads"/> threads,
    /// the caller's among them.  Indices are handed out one by one, so a thread that is slow or late takes fewer.
    /// </summary>
    /// <exception cref="AggregateException">The body threw on a thread other than the caller's.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled: no index is begun after that.</exception>
    public static void For(int count, int threads, Action<int> body, CancellationToken ct = default)
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

        var tasks = new Task[helpers];
        for (int i = 0; i < helpers; i++)
            tasks[i] = Task.Run(Work, CancellationToken.None);
        try
        {
            try
            {
                Work();
            }
            finally
            {
                Task.WaitAll(tasks, CancellationToken.None);
            }
        }
        catch (AggregateException stopped) when (stopped.Flatten().InnerExceptions.All(inner => inner is OperationCanceledException))
        {
            ct.ThrowIfCancellationRequested();
            throw;
        }
    }
}
