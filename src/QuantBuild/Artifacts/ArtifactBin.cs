namespace QuantBuild.Artifacts;

/// <summary>A named range of timesteps that share activation settings.</summary>
/// <param name="Name">Its name in the manifest.</param>
/// <param name="MinTimestep">Lowest integer timestep in the bin.</param>
/// <param name="MaxTimestep">Highest integer timestep in the bin.</param>
public sealed record ArtifactBin(string Name, int MinTimestep, int MaxTimestep)
{
    /// <summary>
    /// Whether <c>w4a4</c> layers take their input as it is in this bin, as <c>w4a16</c> layers do in all: <c>"activations": "none"</c>.
    /// Their clip settings for the bin are then of no use.
    /// </summary>
    public bool KeepsActivations { get; init; }
}
