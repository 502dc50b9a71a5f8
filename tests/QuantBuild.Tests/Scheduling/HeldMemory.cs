namespace QuantBuild.Tests.Scheduling;

/// <summary>
/// Bounds of the most managed memory that is in use while something runs, for a process that does nothing else. From below: what another
/// thread finds alive, which collects all the time; its looks may come too late, and then it finds less. From above: what was alive at the
/// beginning, and every byte that the allocator has counted since.
/// </summary>
internal sealed class HeldMemory : IDisposable
{
    private readonly Thread _thread;
    private readonly long _before;
    private volatile bool _ended;
    private long _seen;
    private long _alive;
    private long _allocated;

    public HeldMemory()
    {
        _before = Alive();
        Begin();
        _thread = new Thread(() =>
        {
            while (!_ended)
            {
                Look();
                Thread.Sleep(1);
            }
        });
        _thread.Start();
    }

    /// <summary>Begins anew; what is in use stays counted.</summary>
    public void Begin()
    {
        _alive = Alive() - _before;
        Interlocked.Exchange(ref _seen, _alive);
        _allocated = GC.GetTotalAllocatedBytes(precise: true);
    }

    /// <summary>Bytes: at least so many were in use at once, and at most so many.</summary>
    public (long AtLeast, long AtMost) Take()
    {
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        Look();
        return (Interlocked.Read(ref _seen), _alive + allocated);
    }

    public void Dispose()
    {
        _ended = true;
        _thread.Join();
    }

    private void Look()
    {
        long alive = Alive() - _before;
        for (long seen = Interlocked.Read(ref _seen); alive > seen && Interlocked.CompareExchange(ref _seen, alive, seen) != seen;
            seen = Interlocked.Read(ref _seen))
        {
        }
    }

    private static long Alive()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
        // What survived: the total of now would count what others have allocated since.
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return info.HeapSizeBytes - info.FragmentedBytes;
    }
}
