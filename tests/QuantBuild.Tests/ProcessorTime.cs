using System.Diagnostics;
using System.Globalization;

namespace QuantBuild.Tests;

/// <summary>
/// How long the thread that made it has been on a processor: a clock that stands still while others have their turn. Any thread may read
/// it. Where the system does not tell, it is the clock on the wall.
/// </summary>
internal sealed class ProcessorTime
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly string? _file;

    public ProcessorTime()
    {
        // A link such as 1234/task/1250.
        if (new FileInfo("/proc/thread-self").LinkTarget is { } thread && $"/proc/{thread}/schedstat" is var file && File.Exists(file))
            _file = file;
    }

    public TimeSpan Elapsed => _file is null ? Stopwatch.GetElapsedTime(_start)
        : TimeSpan.FromMicroseconds(long.Parse(File.ReadAllText(_file).Split(' ')[0], CultureInfo.InvariantCulture) / 1000);
}
