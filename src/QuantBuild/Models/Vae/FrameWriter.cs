namespace QuantBuild.Models.Vae;

/// <summary>Receives a frame of a video.</summary>
/// <param name="frame">Its index; frames come in order.</param>
/// <param name="pixels">The frame, [3, height, width], values about in [-1, 1] and not clamped; valid only during the call.</param>
internal delegate void FrameWriter(int frame, ReadOnlySpan<float> pixels);
