using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>One bin, as fractions of the expert's steps or as explicit timesteps.</summary>
/// <param name="Name">Unique within the expert.</param>
/// <param name="From">Start: fraction in [0, 1], or the highest timestep.</param>
/// <param name="To">End: fraction, exclusive unless 1; or the lowest timestep, inclusive.</param>
/// <param name="AreTimesteps">Whether From and To are timesteps.</param>
/// <param name="ClipRatios">Candidates for this bin only; null takes the layer's.</param>
/// <param name="Span">Place of the bin.</param>
internal sealed record BinSection(string Name, double From, double To, bool AreTimesteps, ImmutableArray<double>? ClipRatios,
    SourceSpan Span)
{
    /// <summary>Whether layers take their input as it is in this bin, as <c>w4a16</c> layers do in all.</summary>
    public bool KeepsActivations { get; init; }
}
