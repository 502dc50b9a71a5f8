using System.Collections.Immutable;

namespace QuantBuild.Artifacts;

/// <summary>One expert of an artifact.</summary>
public sealed record ArtifactExpert
{
    /// <summary>Its folder beside the descriptor.</summary>
    public required string Directory { get; init; }

    /// <summary>Lowest integer timestep it serves.</summary>
    public required int MinTimestep { get; init; }

    /// <summary>Highest integer timestep it serves.</summary>
    public required int MaxTimestep { get; init; }

    /// <summary>Its files, in ordinal order of their names.</summary>
    public required ImmutableArray<ArtifactFile> Files { get; init; }

    /// <summary>Its bins, in the order of every layer's tables; together they cover its timesteps once.</summary>
    public required ImmutableArray<ArtifactBin> Bins { get; init; }

    /// <summary>Its quantizable layers by full name, such as <c>blocks.3.ffn.2</c>.</summary>
    public required ImmutableSortedDictionary<string, ArtifactLayer> Layers { get; init; }
}
