using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Pipelines;

/// <summary>How a video is made; the defaults are those of Wan2.2-I2V-A14B at 480p.</summary>
public sealed record GenerationOptions
{
    /// <summary>The defaults of Wan2.2-T2V-A14B at 480p: another shift, boundary and guidance.</summary>
    public static GenerationOptions TextToVideo { get; } = new()
    {
        Sampling = SamplingOptions.Of(WanArchitecture.TextToVideo) with { Threads = Environment.ProcessorCount },
    };

    /// <summary>Frames, one more than a multiple of four.</summary>
    public int Frames { get; init; } = 81;

    /// <summary>
    /// Width of a frame. With a picture the area of <see cref="Width"/> and <see cref="Height"/> counts, and the picture gives the aspect;
    /// sides are rounded down to 16 pixels.
    /// </summary>
    public int Width { get; init; } = 832;

    /// <summary>Height of a frame; see <see cref="Width"/>.</summary>
    public int Height { get; init; } = 480;

    /// <summary>Seed of the initial noise; see <see cref="GaussianNoise"/>.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>What guidance leads away from.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>How the latent is denoised, and the threads of every phase. An artifact's own boundary replaces the one here.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Threads = Environment.ProcessorCount };
}
