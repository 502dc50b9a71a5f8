using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The source model.</summary>
/// <param name="Architecture">What it is.</param>
/// <param name="Source">Checkpoint folder, absolute; or the reference as written, when <paramref name="Repository"/> is not null.</param>
/// <param name="Boundary">Fraction of 1000 at which the experts switch.</param>
/// <param name="Span">Place of <c>source</c>.</param>
/// <param name="Repository">The repository of the Hub that the checkpoint is in; null for a folder.</param>
internal sealed record ModelSection(WanArchitecture Architecture, string Source, double Boundary, SourceSpan Span,
    HubReference? Repository = null)
{
    /// <summary>Place of <c>architecture</c>, or of the section.</summary>
    public SourceSpan ArchitectureSpan { get; init; } = Span;

    /// <summary>LoRA files that are merged into it, in the order of the arithmetic.</summary>
    public ImmutableArray<LoraSection> Loras { get; init; } = [];

    /// <summary>The timestep of pure noise.</summary>
    public const int MaxTimestep = 1000;

    /// <summary>The lowest integer timestep of the high-noise expert.</summary>
    public int BoundaryTimestep => TimestepAt(Boundary);

    /// <summary>The first integer timestep at or above a fraction of <see cref="MaxTimestep"/>.</summary>
    /// <remarks>In decimal, because fractions such as 0.901 times 1000 need not be whole in binary.</remarks>
    public static int TimestepAt(double fraction) => (int)decimal.Ceiling((decimal)fraction * MaxTimestep);
}
