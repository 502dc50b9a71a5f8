using QuantBuild.Models;

namespace QuantBuild.Pipelines;

/// <summary>Everything a sampling run starts from.</summary>
/// <param name="Shape">Size of the latent.</param>
/// <param name="Noise">Initial noise, [latent channels, frames, height, width].</param>
/// <param name="Condition">Mask and latent of the first frame, [4 + latent channels, frames, height, width]; empty without one.</param>
/// <param name="Context">Embedded prompt, [tokens, text width].</param>
/// <param name="NullContext">Embedded negative prompt, [tokens, text width]; empty when guidance is 1.</param>
/// <param name="TextDim">Text width.</param>
internal sealed record PreparedVideo(LatentShape Shape, float[] Noise, float[] Condition, float[] Context, float[] NullContext,
    int TextDim);
