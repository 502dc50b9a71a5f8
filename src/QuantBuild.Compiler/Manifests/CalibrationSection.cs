using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Calibration.</summary>
/// <param name="Data">
/// The jsonl file, absolute, or empty where activations are given; tensors are in the safetensors file of the same name.
/// </param>
/// <param name="Samples">How many of its samples to use, from the start.</param>
/// <param name="Solver"><c>unipc</c>, <c>euler</c> or <c>lcm</c>.</param>
/// <param name="Steps">Sampler steps.</param>
/// <param name="Shift">Flow-matching shift.</param>
/// <param name="GuidanceHigh">Classifier-free guidance of the high-noise expert; 1 is none (the paper's calibration).</param>
/// <param name="GuidanceLow">The same for the low-noise expert.</param>
/// <param name="TokensPerStep">Tokens kept per site, step and sample.</param>
/// <param name="Seed">Seed of every random choice.</param>
/// <param name="Span">Place of <c>data</c>.</param>
internal sealed record CalibrationSection(string Data, int Samples, SolverKind Solver, int Steps, double Shift, double GuidanceHigh,
    double GuidanceLow, int TokensPerStep, ulong Seed, SourceSpan Span)
{
    /// <summary>Explicit timesteps, descending, in place of steps and shift; empty for these.</summary>
    public ImmutableArray<int> Timesteps { get; init; } = [];

    /// <summary>
    /// The first timestep above which the high-noise expert serves, when the manifest gives the number of its steps; null when it gives a
    /// boundary.
    /// </summary>
    public int? BoundaryTimestep { get; init; }

    /// <summary>The part of every latent that is used; null for the whole.</summary>
    public LatentSection? Latent { get; init; }

    /// <summary>Recorded activations, in place of <see cref="Data"/>; null for sampling runs.</summary>
    public ActivationsSection? Activations { get; init; }
}
