using QuantBuild.Compiler.Store;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Calibration;

/// <summary>One prepared sample: what the sampler starts from.</summary>
/// <param name="Id">Its id in the set.</param>
/// <param name="Prompt">Its prompt, for people.</param>
/// <param name="Shape">Shape of the latent.</param>
/// <param name="Noise">Initial noise, [channels, frames, height, width].</param>
/// <param name="Condition">The image condition y: 4 mask channels, then the latent channels of the first frame.</param>
/// <param name="Context">Embedded prompt, [<paramref name="ContextTokens"/>, text_dim].</param>
/// <param name="ContextTokens">Rows of <paramref name="Context"/>.</param>
/// <param name="Digest">Digest of the three tensors.</param>
public sealed record CalibrationSample(int Id, string Prompt, LatentShape Shape, float[] Noise, float[] Condition, float[] Context,
    int ContextTokens, Digest Digest)
{
    /// <summary>Prompt and first frame as the model takes them; one instance, so that a model embeds the prompt once.</summary>
    public WanConditioning Conditioning { get; } = new(Context, ContextTokens, Condition);
}
