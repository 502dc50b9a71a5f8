using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Calibration;

/// <summary>What the sampler starts from.</summary>
/// <param name="Noise">Initial noise, [channels, frames, height, width].</param>
/// <param name="Condition">The image condition y: 4 mask channels, then the latent channels of the first frame; empty without one.</param>
/// <param name="Context">Embedded prompt, [<paramref name="ContextTokens"/>, text_dim].</param>
/// <param name="ContextTokens">Rows of <paramref name="Context"/>.</param>
internal sealed record SampleTensors(float[] Noise, float[] Condition, float[] Context, int ContextTokens)
{
    /// <summary>Prompt and first frame as the model takes them; one instance, so that a model embeds the prompt once.</summary>
    public WanConditioning Conditioning { get; } = new(Context, ContextTokens, Condition);
}
