using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>
/// Memory and threads of a build. Work that declares what it needs waits here until both are free; the declared sum never exceeds the
/// budget, except that work which is larger than the whole budget runs alone, or is refused if the budget is strict.
/// </summary>
/// <remarks>
/// Work starts in the order in which it asks: something small never keeps something large waiting for ever. When memory lets only a few run
/// side by side, or only few are left, each gets a larger share of the threads. Neither shows in any result.
/// </remarks>
/// <param name="bytes">Bytes for declared work, beside what the program itself takes.</param>
/// <param name="threads">Threads for declared work.</param>
/// <param name="machineBytes">Bytes that the machine can give to declared work at the very most; work that needs more is refused.</param>
/// <param name="isStrict">Whether the bytes are a promise, so that work which needs more is refused.</param>
internal sealed class WorkBudget(long bytes, int threads, long machineBytes = long.MaxValue, bool isStrict = false)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _oversized = new(StringComparer.Ordinal);
    private readonly LinkedList<ManualResetEventSlim> _line = [];
    private long _used;
    private int _usedThreads;
    private int _running;
    private int _waiting;
    private int _contenders = int.MaxValue;

    /// <summary>Bytes for declared work.</summary>
    public long Bytes => bytes;

    /// <summary>Whether work that needs more is refused, instead of running alone.</summary>
    public bool IsStrict => isStrict;

    /// <summary>Threads for declared work.</summary>
    public int Threads => threads;

    /// <summary>The most bytes that were declared at any moment.</summary>
    public long MostBytes { get; private set; }

    /// <summary>The most threads that were handed out at any moment.</summary>
    public int MostThreads { get; private set; }

    /// <summary>Whether anything is being executed.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
                return _running > 0;
        }
    }

    /// <summary>Pieces of work that have found no room and wait.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>
    /// Tells how many pieces of work are left, running ones included: those that start last get more threads; running work keeps its own.
    /// </summary>
    internal void Expect(int contenders)
    {
        lock (_lock)
            _contenders = contenders;
    }

    /// <summary>Waits until the work fits and takes its share, to be given back by disposing of it.</summary>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="need">Bytes it needs with a number of threads.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="DiagnosticException">
    /// The machine can never give that much (QB3209), or a strict budget has less (QB3211).
    /// </exception>
    public WorkLease Enter(string name, Func<int, long> need, CancellationToken cancellation)
    {
        if (need(1) > machineBytes)
            throw new DiagnosticException(Descriptors.MemoryImpossible.At(null, name, ByteText.Of(need(1)), ByteText.Of(machineBytes)));
        using var turn = new ManualResetEventSlim();
        int waiting = 0;
        lock (_lock)
        {
            if (need(1) > bytes)
            {
                _oversized[name] = need(1);
                if (isStrict)
                    throw new DiagnosticException(MemoryNeed.TooSmall(this, new Dictionary<string, long> { [name] = need(1) }));
            }
            _line.AddLast(turn);
        }
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                lock (_lock)
                {
                    if (_line.First!.Value == turn && TryTake(need, out long size, out int count))
                        return new WorkLease(this, size, count);
                    _waiting += 1 - waiting;
                    waiting = 1;
                    turn.Reset();
                }
                turn.Wait(cancellation);
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting -= waiting;
                _line.Remove(turn);
                _line.First?.Value.Set();
            }
        }
    }

    /// <summary>Work that was larger than the budget, and ran alone or was refused since the last call, with its size, by name.</summary>
    public IReadOnlyDictionary<string, long> TakeOversized()
    {
        lock (_lock)
        {
            var taken = new SortedDictionary<string, long>(_oversized, StringComparer.Ordinal);
            _oversized.Clear();
            return taken;
        }
    }

    /// <summary>
    /// Takes bytes for as long as the result is not disposed of, without waiting and without a thread: for what is there anyway.
    /// </summary>
    internal WorkLease Reserve(long size)
    {
        lock (_lock)
        {
            Count(size, 0);
            return new WorkLease(this, size, 0);
        }
    }

    /// <summary>Gives a part back, or all of it.</summary>
    internal void Return(long size, int count)
    {
        lock (_lock)
        {
            _used -= size;
            _usedThreads -= count;
            _running -= count > 0 ? 1 : 0;
            _line.First?.Value.Set();
        }
    }

    private bool TryTake(Func<int, long> need, out long size, out int count)
    {
        int free = threads - _usedThreads;
        long sideBySide = Math.Clamp(Math.Min(bytes / Math.Max(1, need(1)), _contenders), 1, threads);
        // What is free, divided among those that can still join the ones at work.
        long joining = Math.Max(1, sideBySide - _running);
        count = (int)((free + joining - 1) / joining);
        // More threads need a little more scratch memory each: rather fewer threads than waiting.
        while (count > 1 && need(1) <= bytes && _used + need(count) > bytes)
            count--;
        size = need(Math.Max(1, count));
        if (count < 1 || (_running > 0 && _used + size > bytes))
            return false;
        Count(size, count);
        _running++;
        return true;
    }

    private void Count(long size, int count)
    {
        _used += size;
        _usedThreads += count;
        MostBytes = Math.Max(MostBytes, _used);
        MostThreads = Math.Max(MostThreads, _usedThreads);
    }
}
