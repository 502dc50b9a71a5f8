using System.Diagnostics;
using System.Globalization;
using QuantBuild.Pipelines;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// Tells how far a video is: a line per phase, and one with the time left for every tenth of its steps, or half a minute where a step takes
/// longer.
/// </summary>
/// <param name="output">Where to write.</param>
internal sealed class GenerationLog(TextWriter output) : IProgress<GenerationProgress>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Of phases shorter than this the last line tells enough.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _phase = new();
    private TimeSpan _told;

    /// <inheritdoc/>
    public void Report(GenerationProgress value)
    {
        if (value.Done == 0)
        {
            _phase.Restart();
            _told = TimeSpan.Zero;
        }
        TimeSpan elapsed = _phase.Elapsed;
        if (value.Done == value.Total)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name(value.Phase)}: {value.Total} in {Seconds(elapsed)}"));
        else if (value.Done > 0 && elapsed >= Short && (value.Done % ((value.Total + 9) / 10) == 0 || elapsed - _told >= Patience))
        {
            _told = elapsed;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Name(value.Phase)}: {value.Done} of {value.Total}, {Seconds(elapsed / value.Done * (value.Total - value.Done))} left"));
        }
    }

    private static string Name(GenerationPhase phase) => phase switch
    {
        GenerationPhase.EncodeText => "encode prompts",
        GenerationPhase.EncodeImage => "encode picture",
        GenerationPhase.Denoise => "denoise",
        _ => "decode frames",
    };

    private static string Seconds(TimeSpan time) => time.TotalMinutes < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)).ToString("c", CultureInfo.InvariantCulture);
}
