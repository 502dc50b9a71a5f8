using QuantBuild.Formats;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How the choices of a manifest are spelled, everywhere.</summary>
internal static class RecipeNames
{
    /// <summary>Values of <c>precision</c>.</summary>
    public static NamedValues<Precision> Precision { get; } = NamedValues.Of<Precision>();

    /// <summary>Values of <c>smooth.share</c>.</summary>
    public static NamedValues<SmoothShare> Share { get; } = NamedValues.Of<SmoothShare>();

    /// <summary>Values of <c>lowRank.method</c>.</summary>
    public static NamedValues<LowRankMethod> LowRankMethod { get; } = NamedValues.Of<LowRankMethod>();

    /// <summary>Values of <c>weights.method</c>.</summary>
    public static NamedValues<WeightMethod> WeightMethod { get; } = NamedValues.Of<WeightMethod>();

    /// <summary>Values of a bin's <c>activations</c>: whether layers take their input as it is.</summary>
    public static NamedValues<bool> BinActivations { get; } = new(("mxfp4", false), ("none", true));

    /// <summary>Values of <c>rotation</c>.</summary>
    public static NamedValues<RotationMode> Rotation { get; } = NamedValues.Of<RotationMode>();

    /// <summary>What is done to a layer's input, of which <c>rotation</c> is a choice.</summary>
    public static NamedValues<Rotation> AppliedRotation { get; } = NamedValues.Of<Rotation>();

    /// <summary>Values of <c>weights.order</c>.</summary>
    public static NamedValues<WeightOrder> Order { get; } = NamedValues.Of<WeightOrder>();

    /// <summary>Values of <c>weights.exponents</c>.</summary>
    public static NamedValues<BlockExponents> Exponents { get; } = NamedValues.Of<BlockExponents>();

    /// <summary>Values of <c>weights.noise</c>.</summary>
    public static NamedValues<NoiseModel> Noise { get; } = NamedValues.Of<NoiseModel>();

    /// <summary>Values of <c>activations.granularity</c>.</summary>
    public static NamedValues<ClipGranularity> Granularity { get; } = NamedValues.Of<ClipGranularity>();

    /// <summary>Values of <c>activations.ties</c>.</summary>
    public static NamedValues<TieRule> Ties { get; } = NamedValues.Of<TieRule>();

    /// <summary>Values of <c>activations.objective</c>.</summary>
    public static NamedValues<ClipObjective> Objective { get; } = NamedValues.Of<ClipObjective>();

    /// <summary>Values of <c>calibration.solver</c>.</summary>
    public static NamedValues<SolverKind> Solver { get; } = NamedValues.Of<SolverKind>();

    /// <summary>Values of <c>output.layout</c>.</summary>
    public static NamedValues<OutputLayout> Layout { get; } = NamedValues.Of<OutputLayout>();

    /// <summary>Values of <c>output.keptDtype</c>; null keeps the source's type.</summary>
    internal static NamedValues<ValueTuple<DType?>> KeptDtype { get; } =
        new(("source", new(null)), ("bf16", new(DType.BF16)), ("f32", new(DType.F32)));
}
