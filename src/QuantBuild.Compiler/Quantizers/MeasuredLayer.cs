using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A quantized form of a layer whose error is to be measured, eq. (11).</summary>
/// <param name="Scale">Smoothing scale, [in]; null for none.</param>
/// <param name="Branch">Low-rank branch, fed with the smoothed and unrounded activation; null for none.</param>
/// <param name="Weight">The 4-bit main branch.</param>
/// <param name="Activation">How the main branch rounds its input; null leaves it (w4a16).</param>
/// <param name="Rotation">What happens to the input after smoothing; both branches read it.</param>
/// <remarks>Two equal values (arrays compared by reference) are measured once.</remarks>
internal sealed record MeasuredLayer(float[]? Scale, LowRankBranch? Branch, PackedWeight Weight, ActivationQuantizer? Activation,
    Rotation Rotation = Rotation.None);
