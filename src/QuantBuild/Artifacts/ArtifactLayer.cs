using System.Collections.Immutable;
using QuantBuild.Formats;

namespace QuantBuild.Artifacts;

/// <summary>How one linear layer is stored and computed.</summary>
/// <remarks>
/// A <see cref="BF16"/> layer has its precision only; a <see cref="W4A16"/> layer adds rank and smoothing; a <see cref="W4A4"/> layer
/// has everything, its tables with one entry per bin of the expert.
/// </remarks>
public sealed record ArtifactLayer
{
    /// <summary><see cref="Precision"/> of 4-bit weights and activations.</summary>
    public const string W4A4 = "w4a4";

    /// <summary><see cref="Precision"/> of 4-bit weights on activations as they are.</summary>
    public const string W4A16 = "w4a16";

    /// <summary><see cref="Precision"/> of a layer kept as it was in the checkpoint.</summary>
    public const string BF16 = "bf16";

    /// <summary><see cref="Granularity"/> of ratios that scale each 32-block's own maximum.</summary>
    public const string PerBlock = "block";

    /// <summary><see cref="Granularity"/> of static thresholds per bin.</summary>
    public const string PerBin = "bin";

    /// <summary><see cref="Ties"/> to the even code.</summary>
    public const string TiesToEven = "even";

    /// <summary><see cref="Ties"/> to the smaller magnitude.</summary>
    public const string TiesToZero = "zero";

    /// <summary><see cref="Rotation"/> by the Hadamard transform of every block of 32 channels.</summary>
    public const string Hadamard32 = "hadamard32";

    /// <summary><c>w4a4</c>, <c>w4a16</c> or <c>bf16</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>Rank of the low-rank branch; 0 for none.</summary>
    public int Rank { get; init; }

    /// <summary>Whether the input is divided by a smoothing vector.</summary>
    public bool Smooth { get; init; }

    /// <summary>
    /// <c>hadamard32</c>: every block of 32 channels of the smoothed input takes the Hadamard transform, before both branches; null for
    /// none.
    /// </summary>
    public string? Rotation { get; init; }

    /// <summary><c>block</c> or <c>bin</c>; null unless activations are quantized.</summary>
    public string? Granularity { get; init; }

    /// <summary>Rounding of exact midpoints, <c>even</c> or <c>zero</c>; null unless activations are quantized.</summary>
    public string? Ties { get; init; }

    /// <summary>
    /// How the input is clipped in every bin; empty unless activations are quantized. They have thresholds when the granularity is
    /// <c>bin</c>.
    /// </summary>
    public ImmutableArray<ClipSetting> Clips { get; init; } = [];

    /// <summary>Whether the weight is stored in 4 bits.</summary>
    public bool IsQuantized => Precision != BF16;
}
