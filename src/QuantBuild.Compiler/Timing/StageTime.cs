namespace QuantBuild.Compiler.Timing;

/// <summary>A stage of a planned build.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Actions">Its actions.</param>
/// <param name="Missing">Those that would run.</param>
/// <param name="Seconds">Processor seconds that these would take on this machine; on a device seconds by the clock.</param>
/// <param name="OnDevice">Whether a backend's device does the work, one action at a time, at its measured speed.</param>
internal sealed record StageTime(string Stage, int Actions, int Missing, double Seconds, bool OnDevice = false);
