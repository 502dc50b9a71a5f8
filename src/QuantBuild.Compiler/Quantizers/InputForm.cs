using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How a recorded activation becomes the input of a quantized layer: <c>u = x / s</c>, rotated.</summary>
/// <param name="Channels">Input channels.</param>
/// <param name="Scale">s, [in]; empty for none.</param>
/// <param name="Rotation">Follows the division.</param>
internal sealed record InputForm(int Channels, float[] Scale, Rotation Rotation);
