using QuantBuild.Imaging;
using QuantBuild.Models;

namespace QuantBuild.Pipelines;

/// <summary>A finished video.</summary>
/// <param name="Frames">Its frames.</param>
/// <param name="Latent">The denoised latent they were decoded from, [latent channels, frames, height, width], normalized.</param>
/// <param name="LatentShape">Size of the latent.</param>
public sealed record GeneratedVideo(IReadOnlyList<Image> Frames, ReadOnlyMemory<float> Latent, LatentShape LatentShape);
