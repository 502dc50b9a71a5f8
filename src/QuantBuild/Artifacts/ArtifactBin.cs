namespace QuantBuild.Artifacts;

/// <summary>A named range of timesteps that share activation settings.</summary>
/// <param name="Name">Its name in the manifest.</param>
/// <param name="MinTimestep">Lowest integer timestep in the bin.</param>
/// <param name="MaxTimestep">Highest integer timestep in the bin.</param>
public sealed record ArtifactBin(string Name, int MinTimestep, int MaxTimestep);
