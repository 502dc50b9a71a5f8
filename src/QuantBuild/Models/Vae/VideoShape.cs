namespace QuantBuild.Models.Vae;

/// <summary>Size of a video.</summary>
/// <param name="Frames">Number of frames.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
internal readonly record struct VideoShape(int Frames, int Height, int Width)
{
    /// <summary>Values of one frame: three colours.</summary>
    public int FrameLength => checked(3 * Height * Width);
}
