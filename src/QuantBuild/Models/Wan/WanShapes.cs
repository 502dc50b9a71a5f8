namespace QuantBuild.Models.Wan;

/// <summary>What the inputs of a prediction must be like, whatever computes it.</summary>
internal static class WanShapes
{
    /// <summary>Refuses inputs whose sizes do not fit the model or each other.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="latent">Elements of the latent.</param>
    /// <param name="timestep">Integer timestep.</param>
    /// <param name="conditioning">Prompt and first frame.</param>
    /// <param name="velocity">Elements of the result.</param>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public static void Check(WanConfig config, LatentShape shape, int latent, int timestep, WanConditioning conditioning, int velocity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timestep);
        if (shape.Frames < 1 || shape.Height < 2 || shape.Width < 2 || shape.Height % 2 != 0 || shape.Width % 2 != 0)
            throw new ArgumentException($"a latent of {shape.Frames}x{shape.Height}x{shape.Width} has no whole patches");
        if (latent != config.OutDim * shape.Volume || velocity != latent)
            throw new ArgumentException(
                $"latent and velocity have {latent} and {velocity} elements instead of {config.OutDim} x {shape.Volume}");
        if (config.ConditionDim == 0 && conditioning.Y.Length > 0)
            throw new ArgumentException("a text-to-video model takes no first frame, and the condition is not empty");
        if (conditioning.Y.Length != config.ConditionDim * shape.Volume)
            throw new ArgumentException(
                $"the condition has {conditioning.Y.Length} elements instead of {config.ConditionDim} x {shape.Volume}");
        if (conditioning.TextDim != config.TextDim || conditioning.ContextTokens > config.TextLen)
            throw new ArgumentException(
                $"a prompt of {conditioning.ContextTokens}x{conditioning.TextDim} does not fit {config.TextLen}x{config.TextDim}");
    }
}
