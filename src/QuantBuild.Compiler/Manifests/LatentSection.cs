namespace QuantBuild.Compiler.Manifests;

/// <summary>Calibration with a part of every sample's latent: the first frames, and the middle of every frame.</summary>
/// <param name="Frames">Latent frames at most; null for all.</param>
/// <param name="Height">Latent rows at most, even; null for all.</param>
/// <param name="Width">Latent columns at most, even; null for all.</param>
internal sealed record LatentSection(int? Frames, int? Height, int? Width);
