using QuantBuild.Formats;

namespace QuantBuild.Models;

/// <summary>How a quantized layer rounds its input in one range of timesteps.</summary>
/// <param name="MinTimestep">Lowest integer timestep of the range.</param>
/// <param name="MaxTimestep">Highest integer timestep of the range.</param>
/// <param name="Clip">How the input is clipped; null leaves it as it is in this range.</param>
internal sealed record ActivationSetting(int MinTimestep, int MaxTimestep, ClipSetting? Clip);
