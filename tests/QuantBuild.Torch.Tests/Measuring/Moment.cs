using System.Diagnostics;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary>A moment, by the clock and by the processor time that the process has used.</summary>
internal readonly record struct Moment(long Ticks, TimeSpan Used)
{
    public static Moment Now => new(Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime);

    /// <summary>Seconds since it.</summary>
    public (double Clock, double Processor) Since() =>
        (Stopwatch.GetElapsedTime(Ticks).TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - Used).TotalSeconds);
}
