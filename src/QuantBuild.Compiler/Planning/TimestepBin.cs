using System.Collections.Immutable;

namespace QuantBuild.Compiler.Planning;

/// <summary>A named range of timesteps of one expert.</summary>
/// <param name="Name">Its name in the manifest.</param>
/// <param name="MinTimestep">Lowest integer timestep in the bin.</param>
/// <param name="MaxTimestep">Highest integer timestep in the bin.</param>
/// <param name="Steps">Indices of the calibration steps in the bin, into <see cref="ExpertPlan.Timesteps"/>.</param>
public sealed record TimestepBin(string Name, int MinTimestep, int MaxTimestep, ImmutableArray<int> Steps);
