using System.Collections.Immutable;

namespace QuantBuild.Compiler.Planning;

/// <summary>The denoising schedule of calibration.</summary>
/// <param name="Timesteps">Integer timesteps, descending, as the model sees them.</param>
/// <param name="Boundary">Timesteps at or above it belong to the high-noise expert.</param>
/// <param name="FromPictures">Whether samples are made of pictures and prompts, because there are no tensors of them.</param>
internal sealed record CalibrationPlan(ImmutableArray<int> Timesteps, int Boundary, bool FromPictures);
