namespace QuantBuild.Artifacts;

/// <summary>The sampling schedule the artifact was calibrated for.</summary>
/// <param name="Solver">Name of the solver, such as <c>unipc</c>.</param>
/// <param name="Steps">Denoising steps.</param>
/// <param name="Shift">Shift of the flow schedule.</param>
public sealed record ArtifactSampling(string Solver, int Steps, double Shift);
