namespace QuantBuild.Models;

/// <summary>How a quantized layer rounds its input in one range of timesteps.</summary>
/// <param name="MinTimestep">Lowest integer timestep of the range.</param>
/// <param name="MaxTimestep">Highest integer timestep of the range.</param>
/// <param name="Ratio">Multiplies every 32-block's own maximum before its scale is chosen; 1 when a threshold clips.</param>
/// <param name="ExponentOffset">Added to every block's exponent.</param>
/// <param name="Threshold">Values are clamped to plus and minus it first; infinity leaves them.</param>
public sealed record ActivationSetting(int MinTimestep, int MaxTimestep, float Ratio, int ExponentOffset, float Threshold = float.PositiveInfinity);
