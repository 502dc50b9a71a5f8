using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace QuantBuild.Matrices;

/// <summary>A thread of the process's own that helps in the loops of <see cref="Workers"/>, one after the other.</summary>
/// <remarks>
/// The thread pool would do, were it not for its waking: a sleeping thread is often put on the core of the one that wakes it, and begins
/// when the system next looks round, some milliseconds later (measured: a product of 5 ms took 5 to 10).  These threads look for more
/// work for a moment before they sleep, and in a sequence of loops they hardly ever do.  There are as many of
/// them as ever worked at once, none ends before the process, and they do not take over the caller's <see cref="ExecutionContext"/>.
/// </remarks>
internal sealed class WorkerThread
{
    // Loops of a layer follow each other more closely than this, most of the time.
    private static readonly TimeSpan Patience = TimeSpan.FromMicroseconds(100);

    private static readonly ConcurrentStack<WorkerThread> Idle = new();

    private readonly object _sleep = new();
    private Job? _job;
    private bool _asleep;

    private WorkerThread() =>
        new Thread(Run) { IsBackground = true, Name = "QuantBuild worker" }.UnsafeStart();

    /// <summary>Gives work to an idle thread, or to a new one when there is none.</summary>
    public static Job Start(Action work)
    {
        var job = new Job(work);
        if (!Idle.TryPop(out WorkerThread? thread))
            thread = new WorkerThread();
        job.Thread = thread;
        Volatile.Write(ref thread._job, job);
        // Either this sees the thread asleep, or the thread, before it sleeps, sees the job.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref thread._asleep))
        {
            lock (thread._sleep)
                Monitor.Pulse(thread._sleep);
        }
        return job;
    }

    private void Run()
    {
        while (true)
        {
            if (!SpinUntil(() => Volatile.Read(ref _job) is not null))
                Sleep();
            RunJob();
        }
    }

    // Not in the loop itself: its frame would keep the last job, and all that its work refers to, alive for as long as the thread sleeps.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RunJob()
    {
        if (Interlocked.Exchange(ref _job, null) is not { } job)
            return;
        job.Run();
        // Before the job counts as done: whoever waits for it may have the next one at once.
        Idle.Push(this);
        job.Finish();
    }

    private void Sleep()
    {
        lock (_sleep)
        {
            Volatile.Write(ref _asleep, true);
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref _job) is null)
                Monitor.Wait(_sleep);
            Volatile.Write(ref _asleep, false);
        }
    }

    private static bool SpinUntil(Func<bool> condition)
    {
        long since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
                return false;
            Thread.SpinWait(10);
        }
        return true;
    }

    /// <summary>Work that a thread has been given.</summary>
    public sealed class Job(Action work)
    {
        private readonly object _end = new();
        private bool _done;

        internal WorkerThread Thread { get; set; } = null!;

        /// <summary>What the work threw, known after <see cref="Wait"/>; null for nothing.</summary>
        public Exception? Error { get; private set; }

        /// <summary>Takes the work back if the thread has not begun with it, and waits for its end if it has.</summary>
        public void Wait()
        {
            if (Interlocked.CompareExchange(ref Thread._job, null, this) == this)
            {
                Idle.Push(Thread);
                return;
            }
            if (SpinUntil(() => Volatile.Read(ref _done)))
                return;
            lock (_end)
            {
                while (!_done)
                    Monitor.Wait(_end);
            }
        }

        [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "It goes to whoever waits for the job.")]
        internal void Run()
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                Error = e;
            }
        }

        internal void Finish()
        {
            lock (_end)
            {
                Volatile.Write(ref _done, true);
                Monitor.PulseAll(_end);
            }
        }
    }
}
