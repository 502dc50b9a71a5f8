namespace QuantBuild.Models.Vae;

/// <summary>Supplies a frame of a video.</summary>
/// <param name="frame">Its index; frames are asked for once each, in order.</param>
/// <param name="pixels">Receives the frame, [3, height, width], values in [-1, 1].</param>
internal delegate void FrameReader(int frame, Span<float> pixels);
