using System.Collections.Immutable;

namespace QuantBuild.Artifacts;

/// <summary>The sampling schedule the artifact was calibrated for.</summary>
/// <param name="Solver">Name of the solver, such as <c>unipc</c>.</param>
/// <param name="Steps">Denoising steps.</param>
/// <param name="Shift">Shift of the flow schedule.</param>
public sealed record ArtifactSampling(string Solver, int Steps, double Shift)
{
    /// <summary>Explicit timesteps, descending, in place of <see cref="Steps"/> and <see cref="Shift"/>; empty for these.</summary>
    public ImmutableArray<int> Timesteps { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(ArtifactSampling? other) => other is not null && (Solver, Steps, Shift) == (other.Solver, other.Steps, other.Shift)
        && Timesteps.SequenceEqual(other.Timesteps);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Solver, Steps, Shift, Timesteps.Length);
}
