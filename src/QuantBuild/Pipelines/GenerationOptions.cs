using QuantBuild.Sampling;

namespace QuantBuild.Pipelines;

/// <summary>How a video is made of a picture and a prompt; the defaults are those of Wan2.2-I2V-A14B at 480p.</summary>
public sealed record GenerationOptions
{
    /// <summary>Frames, one more than a multiple of four.</summary>
    public int Frames { get; init; } = 81;

    /// <summary>Pixels of a frame, about; see <see cref="FirstFrame.SizeFor"/>.</summary>
    public int Area { get; init; } = 480 * 832;

    /// <summary>Seed of the initial noise; see <see cref="GaussianNoise"/>.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>What guidance leads away from.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>How the latent is denoised, and the threads of every phase. An artifact's own boundary replaces the one here.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Threads = Environment.ProcessorCount };
}
