using System.Diagnostics;

namespace QuantBuild.Matrices;

/// <summary>
/// Sees every parallel loop of a thread, to find out what a computation does outside of them and how finely they are cut: what more cores
/// would bring. Loops within loops are a part of the outer one.
/// </summary>
internal sealed class LoopObserver : IDisposable
{
    [ThreadStatic]
    private static LoopObserver? _current;

    private readonly List<(int Pieces, double Seconds)> _loops = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Observes the calling thread until it is disposed of.</summary>
    public LoopObserver() => _current = this;

    /// <summary>The observer of the calling thread; null for none.</summary>
    public static LoopObserver? Current => _current;

    /// <summary>Loops that have ended: into how many pieces they were cut, and their time on the clock.</summary>
    public IReadOnlyList<(int Pieces, double Seconds)> Loops => _loops;

    /// <summary>Seconds since the beginning.</summary>
    public double Seconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Runs a loop.</summary>
    public void Observe(int pieces, Action loop)
    {
        _current = null;
        long start = Stopwatch.GetTimestamp();
        try
        {
            loop();
        }
        finally
        {
            _current = this;
            _loops.Add((pieces, Stopwatch.GetElapsedTime(start).TotalSeconds));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _current = null;
}
