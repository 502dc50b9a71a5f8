using System.Diagnostics;
using System.Globalization;
using QuantBuild.Pipelines;

namespace QuantBuild.Tool.Logging;

/// <summary>Tells how far a video is: a line per phase, and one for every tenth of the denoising steps with the time left.</summary>
/// <param name="output">Where to write.</param>
internal sealed class GenerationLog(TextWriter output) : IProgress<GenerationProgress>
{
    private readonly Stopwatch _phase = new();

    /// <inheritdoc/>
    public void Report(GenerationProgress value)
    {
        if (value.Done == 0)
            _phase.Restart();
        if (value.Done == value.Total)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name(value.Phase)}: {value.Total} in {Seconds(_phase.Elapsed.TotalSeconds)}"));
        else if (value.Phase == GenerationPhase.Denoise && value.Done > 0 && value.Done % Math.Max(1, value.Total / 10) == 0)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name(value.Phase)}: {value.Done} of {value.Total}, {Seconds(_phase.Elapsed.TotalSeconds / value.Done * (value.Total - value.Done))} left"));
    }

    private static string Name(GenerationPhase phase) => phase switch
    {
        GenerationPhase.EncodeText => "encode prompts",
        GenerationPhase.EncodeImage => "encode picture",
        GenerationPhase.Denoise => "denoise",
        _ => "decode frames",
    };

    private static string Seconds(double seconds) => seconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")
        : TimeSpan.FromSeconds(Math.Round(seconds)).ToString("c", CultureInfo.InvariantCulture);
}
