namespace QuantBuild.Models;

/// <summary>Size of a latent video, without its channels.</summary>
/// <param name="Frames">Latent frames.</param>
/// <param name="Height">Height in latent elements.</param>
/// <param name="Width">Width in latent elements.</param>
public readonly record struct LatentShape(int Frames, int Height, int Width)
{
    /// <summary>Elements of one channel.</summary>
    public int Volume => checked(Frames * Height * Width);
}
