using System.Collections.Immutable;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How a layer is stored and computed.</summary>
public enum Precision
{
    /// <summary>4-bit weights and activations.</summary>
    W4A4,

    /// <summary>4-bit weights, activations untouched.</summary>
    W4A16,

    /// <summary>The source tensor, bit for bit.</summary>
    BF16,
}

/// <summary>Which layers share one smoothing vector.</summary>
public enum SmoothShare
{
    /// <summary>All layers that read the same activation (q, k, v) share it, as fused runtimes need.</summary>
    Site,

    /// <summary>Every layer has its own, as the paper's code does.</summary>
    Layer,
}

/// <summary>How the low-rank branch is found.</summary>
public enum LowRankMethod
{
    /// <summary>Seeded randomized subspace iteration.</summary>
    Randomized,

    /// <summary>Full decomposition; for small layers and for reference.</summary>
    Exact,
}

/// <summary>How residual weights are rounded.</summary>
public enum WeightMethod
{
    /// <summary>GPTQ: rounding errors are fed back through the Hessian.</summary>
    Gptq,

    /// <summary>Round to nearest.</summary>
    Rtn,
}

/// <summary>The two readings of the paper's eq. (8); see docs/algorithm.md.</summary>
public enum ClipGranularity
{
    /// <summary>The ratio scales each 32-block's own maximum before its scale is chosen, as the paper's code does.</summary>
    Block,

    /// <summary>A static threshold per layer and bin clips the input first, as the paper writes.</summary>
    Bin,
}

/// <summary>What the clip search minimizes.</summary>
public enum ClipObjective
{
    /// <summary>Distance to the full-precision layer's output (eq. 10).</summary>
    Output,

    /// <summary>Distance to the quantized layer's output on unquantized activations, as the paper's code does.</summary>
    Activation,
}

/// <summary>Smoothing, eq. (5).</summary>
/// <param name="Enabled">False keeps every channel as it is.</param>
/// <param name="Alpha">Share of the range that moves from activations to weights, 0 to 1.</param>
/// <param name="Share">Which layers share a vector.</param>
public sealed record SmoothRecipe(bool Enabled, double Alpha, SmoothShare Share);

/// <summary>Low-rank branch, eq. (6).</summary>
/// <param name="Rank">Rank; 0 leaves the branch out.</param>
/// <param name="Method">How it is found.</param>
public sealed record LowRankRecipe(int Rank, LowRankMethod Method);

/// <summary>Rounding of the residual weights.</summary>
/// <param name="Method">GPTQ or round-to-nearest.</param>
/// <param name="Damp">Damping added to the Hessian's diagonal, as a fraction of its mean.</param>
/// <param name="BlockSize">Columns per lazy update of GPTQ; changes speed, and rounding of sums, not the method.</param>
public sealed record WeightRecipe(WeightMethod Method, double Damp, int BlockSize);

/// <summary>Quantization of activations and the search for its clip ratios, eq. (8)-(10).</summary>
/// <param name="Granularity">What the ratio applies to.</param>
/// <param name="ClipRatios">Candidates, each in (0, 1], strictly ascending.</param>
/// <param name="ExponentOffsets">Added to the block's exponent, strictly ascending; {0} for none.</param>
/// <param name="Ties">How exact midpoints round.</param>
/// <param name="Objective">What the search minimizes.</param>
public sealed record ActivationRecipe(ClipGranularity Granularity, ImmutableArray<double> ClipRatios,
    ImmutableArray<int> ExponentOffsets, TieRule Ties, ClipObjective Objective);

/// <summary>Everything that decides how one layer is quantized.</summary>
public sealed record LayerRecipe(Precision Precision, SmoothRecipe Smooth, LowRankRecipe LowRank, WeightRecipe Weights, ActivationRecipe Activations);
