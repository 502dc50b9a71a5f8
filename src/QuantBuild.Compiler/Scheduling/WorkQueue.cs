using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>Runs independent pieces of work, the longest first. A failed one does not stop the others.</summary>
/// <remarks>
/// On threads of its own: they wait for memory and for other processes, and would keep the kernels' helpers out of the thread pool.
/// </remarks>
internal sealed class WorkQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly WorkBudget _budget;
    private readonly CancellationToken _cancellation;
    private readonly PriorityQueue<WorkItem, (double Cost, string Name)> _waiting = new(Comparer<(double Cost, string Name)>.Create(
        (a, b) => a.Cost != b.Cost ? b.Cost.CompareTo(a.Cost) : string.CompareOrdinal(a.Name, b.Name)));
    private readonly List<Diagnostic> _failures = [];
    private readonly SortedDictionary<string, ExceptionDispatchInfo> _bugs = new(StringComparer.Ordinal);
    private WorkItem? _next;
    private Task _reading = Task.CompletedTask;
    private int _unfinished;

    private WorkQueue(WorkBudget budget, CancellationToken cancellation)
    {
        _budget = budget;
        _cancellation = cancellation;
    }

    /// <summary>Runs all work and what it adds, on at most as many threads as the budget has.</summary>
    /// <exception cref="DiagnosticException">Some of it failed; the diagnostics of all of it, each once, in a stable order.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public static void Run(WorkBudget budget, IEnumerable<WorkItem> items, CancellationToken cancellation)
    {
        using var queue = new WorkQueue(budget, cancellation);
        foreach (WorkItem item in items)
            queue.Add(item);
        var helpers = new Thread[budget.Threads - 1];
        for (int i = 0; i < helpers.Length; i++)
        {
            helpers[i] = new Thread(queue.Work) { IsBackground = true, Name = "quantbuild worker" };
            helpers[i].Start();
        }
        queue.Work();
        foreach (Thread helper in helpers)
            helper.Join();
        // What could not be read ahead fails where it is needed, with a name.
        Task.WaitAny([queue._reading], CancellationToken.None);
        queue.Finish();
    }

    /// <summary>Adds work.</summary>
    public void Add(WorkItem item)
    {
        lock (_lock)
        {
            _waiting.Enqueue(item, (item.Cost, item.Name));
            _unfinished++;
            _budget.Expect(_unfinished);
        }
        _changed.Release();
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "It is thrown again, on the thread that waits for all.")]
    private void Work()
    {
        while (Next() is { } item)
        {
            try
            {
                item.Run(this);
            }
            catch (DiagnosticException failure)
            {
                lock (_lock)
                    _failures.AddRange(failure.Diagnostics);
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                // Finish reports it.
            }
            catch (Exception bug)
            {
                lock (_lock)
                    _bugs[item.Name] = ExceptionDispatchInfo.Capture(bug);
            }
            Done();
        }
    }

    /// <summary>Waits for the next piece; null when there will be none.</summary>
    private WorkItem? Next()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_unfinished == 0 || _bugs.Count > 0 || _cancellation.IsCancellationRequested)
                    return null;
                if (_waiting.TryDequeue(out WorkItem? item, out _))
                {
                    ReadAhead();
                    return item;
                }
            }
            try
            {
                _changed.Wait(_cancellation);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    /// <summary>
    /// Has the data of the one that starts next read while this one computes: one at a time, so that little memory is taken by it.
    /// </summary>
    private void ReadAhead()
    {
        // A build that only looks into the store must not read the model.
        if (!_budget.IsBusy || !_waiting.TryPeek(out WorkItem? next, out _) || next == _next || next.Ahead is not { } ahead
            || !_reading.IsCompleted)
            return;
        _next = next;
        _reading = Task.Run(ahead, CancellationToken.None);
    }

    private void Done()
    {
        lock (_lock)
        {
            _unfinished--;
            _budget.Expect(_unfinished);
        }
        // Everybody looks again: there may be new work, or no more at all.
        _changed.Release(_budget.Threads);
    }

    /// <inheritdoc/>
    public void Dispose() => _changed.Dispose();

    private void Finish()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (_bugs.Count > 0)
            _bugs.First().Value.Throw();
        if (_failures.Count > 0)
            throw new DiagnosticException([.. _failures.DistinctBy(failure => failure.ToString())
                .OrderBy(failure => failure.ToString(), StringComparer.Ordinal)]);
    }
}
