namespace QuantBuild.Models.Wan;

/// <summary>What a video is generated from: the prompt and, of an image-to-video model, the first frame.</summary>
/// <remarks>
/// Immutable; one instance serves a whole sampling run, and denoisers remember what they computed from it.  The arrays are not
/// copied and must not change.
/// </remarks>
public sealed class WanConditioning
{
    /// <summary>Pairs a prompt with a first frame, or with none.</summary>
    /// <param name="context">Embedded prompt, [tokens, text width], unpadded.</param>
    /// <param name="contextTokens">Number of prompt tokens.</param>
    /// <param name="y">
    /// Condition, [channels, frames, height, width]: mask channels, then the first frame's latent; empty for a text-to-video model.
    /// </param>
    /// <exception cref="ArgumentException">The context has no whole number of values per token.</exception>
    public WanConditioning(float[] context, int contextTokens, float[] y)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextTokens, 1);
        if (context.Length % contextTokens != 0)
            throw new ArgumentException($"{context.Length} values are not {contextTokens} whole tokens");
        Context = context;
        ContextTokens = contextTokens;
        Y = y;
    }

    /// <summary>Embedded prompt, [<see cref="ContextTokens"/>, <see cref="TextDim"/>].</summary>
    public ReadOnlyMemory<float> Context { get; }

    /// <summary>Number of prompt tokens.</summary>
    public int ContextTokens { get; }

    /// <summary>Width of a prompt token.</summary>
    public int TextDim => Context.Length / ContextTokens;

    /// <summary>Condition, [channels, frames, height, width]; empty without a first frame.</summary>
    public ReadOnlyMemory<float> Y { get; }
}
