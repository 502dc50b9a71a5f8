using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Models.Wan;

namespace QuantBuild.Sampling;

/// <summary>How a video is sampled; the defaults are those of Wan2.2-I2V-A14B.</summary>
public sealed record SamplingOptions
{
    /// <summary>Number of denoising steps.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>Shift of the noise schedule.</summary>
    public double Shift { get; init; } = 5;

    /// <summary>
    /// Timesteps to visit, 1 to 1000 and strictly descending, in place of <see cref="Steps"/> and <see cref="Shift"/>; empty for these.
    /// UniPC cannot begin at 1000, where there is nothing but noise.
    /// </summary>
    public ImmutableArray<int> Timesteps { get; init; } = [];

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

    /// <summary>What the official configuration of a model says.</summary>
    internal static SamplingOptions Of(WanArchitecture architecture) => new()
    {
        Shift = architecture.Shift,
        Boundary = architecture.BoundaryTimestep,
        GuidanceHigh = architecture.GuidanceHigh,
        GuidanceLow = architecture.GuidanceLow,
    };

    /// <summary>The schedule that an artifact was calibrated for; boundary and guidance are for the caller to set.</summary>
    /// <param name="sampling">What its descriptor says.</param>
    public static SamplingOptions Of(ArtifactSampling sampling) => new()
    {
        Steps = sampling.Steps,
        Shift = sampling.Shift,
        Timesteps = sampling.Timesteps,
        Solver = sampling.Solver switch { "euler" => SolverKind.Euler, "lcm" => SolverKind.Lcm, _ => SolverKind.UniPc },
    };

    /// <summary>The noise levels that are visited.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal FlowSchedule Schedule()
    {
        if (Timesteps.IsDefaultOrEmpty)
            return FlowSchedule.Create(Steps, Shift);
        var schedule = FlowSchedule.Of(Timesteps);
        return Solver == SolverKind.UniPc && schedule.Sigmas[0] >= 1
            ? throw new ArgumentException("UniPC cannot begin at timestep 1000, where there is nothing but noise; use euler or lcm, or 999")
            : schedule;
    }
}
