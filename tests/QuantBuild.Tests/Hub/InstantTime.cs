using System.Collections.Concurrent;

namespace QuantBuild.Tests.Hub;

/// <summary>A clock whose timers fire at once, and which remembers how long they should have taken.</summary>
internal sealed class InstantTime : TimeProvider
{
    /// <summary>The pauses asked for, in seconds.</summary>
    public ConcurrentQueue<double> Pauses { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan)
            return System.CreateTimer(callback, state, dueTime, period);
        Pauses.Enqueue(dueTime.TotalSeconds);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
