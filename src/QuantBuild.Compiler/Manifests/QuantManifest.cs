using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A parsed and validated manifest; positions of its parts are kept for later diagnostics.</summary>
public sealed record QuantManifest
{
    /// <summary>Absolute path of the manifest file.</summary>
    public required string Path { get; init; }

    /// <summary>Folder that relative paths start from.</summary>
    public string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Where the model comes from.</summary>
    public required ModelSection Model { get; init; }

    /// <summary>Both experts, high noise first.</summary>
    public required ImmutableArray<ExpertSection> Experts { get; init; }

    /// <summary>Calibration data and schedule.</summary>
    public required CalibrationSection Calibration { get; init; }

    /// <summary>Settings of a layer that no expert section and no override changes.</summary>
    public required LayerRecipe Quantize { get; init; }

    /// <summary>Ordered overrides; the last match wins, setting by setting.</summary>
    public required ImmutableArray<OverrideSection> Overrides { get; init; }

    /// <summary>Quality thresholds.</summary>
    public required GatesSection Gates { get; init; }

    /// <summary>What is written and how.</summary>
    public required OutputSection Output { get; init; }
}

/// <summary>The source model.</summary>
/// <param name="Architecture">Always <c>wan2.2-i2v</c> today.</param>
/// <param name="Source">Checkpoint folder, absolute.</param>
/// <param name="Boundary">Fraction of 1000 at which the experts switch; 0.9.</param>
/// <param name="Span">Place of <c>source</c>.</param>
public sealed record ModelSection(string Architecture, string Source, double Boundary, SourceSpan Span);

/// <summary>One expert.</summary>
/// <param name="Name"><c>high_noise</c> or <c>low_noise</c>.</param>
/// <param name="Weights">Folder below the source.</param>
/// <param name="Bins">Its bins in manifest order.</param>
/// <param name="Patch">Settings that differ from <see cref="QuantManifest.Quantize"/>.</param>
/// <param name="Span">Place of the expert.</param>
public sealed record ExpertSection(string Name, string Weights, ImmutableArray<BinSection> Bins, RecipePatch Patch, SourceSpan Span);

/// <summary>One bin, as fractions of the expert's steps or as explicit timesteps.</summary>
/// <param name="Name">Unique within the expert.</param>
/// <param name="From">Start: fraction in [0, 1], or the highest timestep.</param>
/// <param name="To">End: fraction, exclusive unless 1; or the lowest timestep, inclusive.</param>
/// <param name="AreTimesteps">Whether From and To are timesteps.</param>
/// <param name="ClipRatios">Candidates for this bin only; null takes the layer's.</param>
/// <param name="Span">Place of the bin.</param>
public sealed record BinSection(string Name, double From, double To, bool AreTimesteps, ImmutableArray<double>? ClipRatios, SourceSpan Span);

/// <summary>Settings to change in a recipe; null keeps the setting.</summary>
public sealed record RecipePatch
{
    /// <summary>Changes nothing.</summary>
    public static RecipePatch Empty { get; } = new();

    /// <summary>Precision.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Smoothing on or off.</summary>
    public bool? SmoothEnabled { get; init; }

    /// <summary>Smoothing exponent.</summary>
    public double? Alpha { get; init; }

    /// <summary>Who shares a smoothing vector.</summary>
    public SmoothShare? Share { get; init; }

    /// <summary>Rank of the low-rank branch.</summary>
    public int? Rank { get; init; }

    /// <summary>How the low-rank branch is found.</summary>
    public LowRankMethod? LowRankMethod { get; init; }

    /// <summary>Rounding method.</summary>
    public WeightMethod? WeightMethod { get; init; }

    /// <summary>Damping.</summary>
    public double? Damp { get; init; }

    /// <summary>GPTQ block.</summary>
    public int? BlockSize { get; init; }

    /// <summary>Granularity of clipping.</summary>
    public ClipGranularity? Granularity { get; init; }

    /// <summary>Candidate ratios.</summary>
    public ImmutableArray<double>? ClipRatios { get; init; }

    /// <summary>Candidate exponent offsets.</summary>
    public ImmutableArray<int>? ExponentOffsets { get; init; }

    /// <summary>Tie rule.</summary>
    public Formats.TieRule? Ties { get; init; }

    /// <summary>Objective of the clip search.</summary>
    public ClipObjective? Objective { get; init; }
}

/// <summary>Calibration.</summary>
/// <param name="Data">The jsonl file, absolute; tensors are in the safetensors file of the same name.</param>
/// <param name="Samples">How many of its samples to use, from the start.</param>
/// <param name="Solver"><c>unipc</c> or <c>euler</c>.</param>
/// <param name="Steps">Sampler steps.</param>
/// <param name="Shift">Flow-matching shift.</param>
/// <param name="GuidanceHigh">Classifier-free guidance of the high-noise expert; 1 is none (the paper's calibration).</param>
/// <param name="GuidanceLow">The same for the low-noise expert.</param>
/// <param name="TokensPerStep">Tokens kept per site, step and sample.</param>
/// <param name="Seed">Seed of every random choice.</param>
/// <param name="Span">Place of <c>data</c>.</param>
public sealed record CalibrationSection(string Data, int Samples, string Solver, int Steps, double Shift, double GuidanceHigh,
    double GuidanceLow, int TokensPerStep, ulong Seed, SourceSpan Span);

/// <summary>An override.</summary>
/// <param name="Match">Pattern over layer names; <c>*</c> and ranges such as <c>3-5</c>.</param>
/// <param name="Experts">Experts it applies to; empty means both.</param>
/// <param name="Patch">Settings it changes.</param>
/// <param name="Span">Place of the override.</param>
public sealed record OverrideSection(string Match, ImmutableArray<string> Experts, RecipePatch Patch, SourceSpan Span);

/// <summary>Quality thresholds; null is no threshold.</summary>
/// <param name="MaxRelativeError">Highest relative output error of any layer.</param>
/// <param name="MaxErrorVsRtn">Highest ratio of a layer's error to that of plain round-to-nearest.</param>
/// <param name="MaxRelativeErrorSpan">Place of the first.</param>
/// <param name="MaxErrorVsRtnSpan">Place of the second.</param>
public sealed record GatesSection(double? MaxRelativeError, double? MaxErrorVsRtn, SourceSpan MaxRelativeErrorSpan, SourceSpan MaxErrorVsRtnSpan);

/// <summary>What is written.</summary>
/// <param name="Layout">Always <c>native</c> today.</param>
/// <param name="ShardSize">Largest shard in bytes.</param>
/// <param name="KeptDtype">Element type of kept floating-point tensors; null keeps the source's, bit for bit.</param>
public sealed record OutputSection(string Layout, long ShardSize, SafeTensors.DType? KeptDtype);
