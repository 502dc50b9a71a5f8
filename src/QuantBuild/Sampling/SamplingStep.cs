namespace QuantBuild.Sampling;

/// <summary>Where a sampling run is.</summary>
/// <param name="Index">Index of the step.</param>
/// <param name="Count">Number of steps.</param>
/// <param name="Timestep">The step's integer timestep.</param>
/// <param name="HighNoise">Whether the high-noise expert does it.</param>
/// <param name="Latent">The latent: before the step for an observer, after it for progress. Valid only during the call.</param>
public readonly record struct SamplingStep(int Index, int Count, int Timestep, bool HighNoise, ReadOnlyMemory<float> Latent);
