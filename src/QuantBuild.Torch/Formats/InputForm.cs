using QuantBuild.Formats;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>What a quantized layer does to its input before it is multiplied: <c>Q((x / s) H)</c>.</summary>
/// <param name="Smooth">The smoothing vector s, [channels] float32; null for none.</param>
/// <param name="IsRotated">Whether blocks of 32 channels are transformed by Hadamard's matrix H.</param>
internal readonly record struct InputForm(Tensor? Smooth, bool IsRotated);

/// <summary>How values are rounded to MXFP4 in a bin.</summary>
/// <param name="Clip">How the input is clipped.</param>
/// <param name="Ties">Where exact midpoints go.</param>
internal readonly record struct InputRounding(ClipSetting Clip, TieRule Ties);
