namespace QuantBuild.Tests.Scheduling;

/// <summary>
/// The most managed memory that is in use while something runs: another thread collects all the time and looks at what remains. Only for tests that
/// run alone.
/// </summary>
internal sealed class LivePeak : IDisposable
{
    private readonly Thread _thread;
    private readonly long _before;
    private volatile bool _ended;
    private long _peak;

    public LivePeak()
    {
        _before = Live();
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

    /// <summary>Bytes since the last call, above what was in use at the beginning.</summary>
    public long Take()
    {
        Look();
        return Interlocked.Exchange(ref _peak, 0);
    }

    public void Dispose()
    {
        _ended = true;
        _thread.Join();
    }

    private void Look()
    {
        long live = Live() - _before;
        for (long peak = Interlocked.Read(ref _peak); live > peak && Interlocked.CompareExchange(ref _peak, live, peak) != peak; peak = Interlocked.Read(ref _peak))
        {
        }
    }

    private static long Live()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
        // What survived: the total of now would count what others have allocated since.
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return info.HeapSizeBytes - info.FragmentedBytes;
    }
}
