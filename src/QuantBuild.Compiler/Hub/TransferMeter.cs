namespace QuantBuild.Compiler.Hub;

/// <summary>Counts the bytes of several transfers at once and tells their common progress a few times a second.</summary>
internal sealed class TransferMeter(long total, IProgress<TransferStatus>? progress, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Moved)> _history = new();
    private long _done;
    private long _moved;
    private long _reported;

    /// <summary>Bytes went over the wire; negative when a try failed and its bytes do not count.</summary>
    public void Move(long bytes) => Count(bytes, bytes);

    /// <summary>Bytes were on the other side already.</summary>
    public void Skip(long bytes) => Count(bytes, 0);

    private void Count(long done, long moved)
    {
        if (progress is null)
            return;
        TransferStatus status;
        lock (_lock)
        {
            _done += done;
            _moved += Math.Max(moved, 0);
            long now = time.GetTimestamp();
            if (_done < total && _reported != 0 && time.GetElapsedTime(_reported, now) < Interval)
                return;
            _reported = now;
            _history.Enqueue((now, _moved));
            while (_history.Count > 2 && time.GetElapsedTime(_history.Peek().At, now) > Window)
                _history.Dequeue();
            status = Status(now);
        }
        progress.Report(status);
    }

    private TransferStatus Status(long now)
    {
        (long at, long before) = _history.Peek();
        double seconds = time.GetElapsedTime(at, now).TotalSeconds;
        double speed = seconds > 0 ? (_moved - before) / seconds : 0;
        TimeSpan? remaining = speed > 0 && (total - _done) / speed is var left && left < TimeSpan.FromDays(999).TotalSeconds
            ? TimeSpan.FromSeconds(left)
            : null;
        return new TransferStatus(_done, total, speed, remaining);
    }
}
