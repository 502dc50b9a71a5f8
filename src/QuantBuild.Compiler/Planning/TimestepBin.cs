using System.Collections.Immutable;

namespace QuantBuild.Compiler.Planning;

/// <summary>A named range of timesteps of one expert.</summary>
/// <param name="Name">Its name in the manifest.</param>
/// <param name="MinTimestep">Lowest integer timestep in the bin.</param>
/// <param name="MaxTimestep">Highest integer timestep in the bin.</param>
/// <param name="Steps">Indices of the calibration steps in the bin, into <see cref="ExpertPlan.Timesteps"/>.</param>
internal sealed record TimestepBin(string Name, int MinTimestep, int MaxTimestep, ImmutableArray<int> Steps)
{
    /// <summary>Candidate ratios of this bin; null takes those of the layer.</summary>
    public ImmutableArray<double>? ClipRatios { get; init; }

    /// <summary>Whether layers take their input as it is, whatever their recipe says of activations.</summary>
    public bool KeepsActivations { get; init; }

    /// <summary>Whether a timestep is in the bin.</summary>
    public bool Contains(int timestep) => timestep >= MinTimestep && timestep <= MaxTimestep;
}
