namespace QuantBuild.Sampling;

/// <summary>How a video is sampled; the defaults are those of Wan2.2-I2V-A14B.</summary>
public sealed record SamplingOptions
{
    /// <summary>Number of denoising steps.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>Shift of the noise schedule.</summary>
    public double Shift { get; init; } = 5;

    /// <summary>Solver.</summary>
    public SolverKind Solver { get; init; } = SolverKind.UniPc;

    /// <summary>Timesteps at or above it belong to the high-noise expert.</summary>
    public int Boundary { get; init; } = 900;

    /// <summary>Scale of classifier-free guidance while the high-noise expert works; 1 is none.</summary>
    public double GuidanceHigh { get; init; } = 3.5;

    /// <summary>Scale of classifier-free guidance while the low-noise expert works; 1 is none.</summary>
    public double GuidanceLow { get; init; } = 3.5;

    /// <summary>Threads that a prediction may use; results do not depend on it.</summary>
    public int Threads { get; init; } = 1;
}
