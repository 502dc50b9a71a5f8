using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The source model.</summary>
/// <param name="Architecture">Always <c>wan2.2-i2v</c> today.</param>
/// <param name="Source">Checkpoint folder, absolute.</param>
/// <param name="Boundary">Fraction of 1000 at which the experts switch; 0.9.</param>
/// <param name="Span">Place of <c>source</c>.</param>
public sealed record ModelSection(string Architecture, string Source, double Boundary, SourceSpan Span)
{
    /// <summary>The timestep of pure noise.</summary>
    public const int MaxTimestep = 1000;

    /// <summary>The lowest integer timestep of the high-noise expert: the first at or above the boundary.</summary>
    /// <remarks>In decimal, because fractions such as 0.901 times 1000 need not be whole in binary.</remarks>
    public int BoundaryTimestep => (int)decimal.Ceiling((decimal)Boundary * MaxTimestep);
}
