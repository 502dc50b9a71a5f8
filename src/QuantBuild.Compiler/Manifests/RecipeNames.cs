using QuantBuild.Formats;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How the choices of a recipe are spelled in a manifest.</summary>
internal static class RecipeNames
{
    /// <summary>Values of <c>precision</c>.</summary>
    public static NamedValues<Precision> Precision { get; } =
        new(("w4a4", Manifests.Precision.W4A4), ("w4a16", Manifests.Precision.W4A16), ("bf16", Manifests.Precision.BF16));

    /// <summary>Values of <c>smooth.share</c>.</summary>
    public static NamedValues<SmoothShare> Share { get; } = new(("site", SmoothShare.Site), ("layer", SmoothShare.Layer));

    /// <summary>Values of <c>lowRank.method</c>.</summary>
    public static NamedValues<LowRankMethod> LowRankMethod { get; } =
        new(("randomized", Manifests.LowRankMethod.Randomized), ("exact", Manifests.LowRankMethod.Exact));

    /// <summary>Values of <c>weights.method</c>.</summary>
    public static NamedValues<WeightMethod> WeightMethod { get; } =
        new(("gptq", Manifests.WeightMethod.Gptq), ("rtn", Manifests.WeightMethod.Rtn));

    /// <summary>Values of <c>activations.granularity</c>.</summary>
    public static NamedValues<ClipGranularity> Granularity { get; } = new(("block", ClipGranularity.Block), ("bin", ClipGranularity.Bin));

    /// <summary>Values of <c>activations.ties</c>.</summary>
    public static NamedValues<TieRule> Ties { get; } = new(("even", TieRule.Even), ("zero", TieRule.Zero));

    /// <summary>Values of <c>activations.objective</c>.</summary>
    public static NamedValues<ClipObjective> Objective { get; } =
        new(("output", ClipObjective.Output), ("activation", ClipObjective.Activation));

    /// <summary>Values of <c>output.layout</c>.</summary>
    public static NamedValues<OutputLayout> Layout { get; } =
        new(("native", OutputLayout.Native), ("compressed-tensors", OutputLayout.CompressedTensors),
        ("msmodelslim", OutputLayout.ModelSlim), ("lightx2v", OutputLayout.LightX2V), ("bf16", OutputLayout.BFloat16),
            ("bf16-diffusers", OutputLayout.Diffusers));

    /// <summary>The key of a setting within its section, such as <c>lowRank.rank</c>.</summary>
    public static string KeyOf(RecipeSetting setting) => setting switch
    {
        RecipeSetting.Precision => "precision",
        RecipeSetting.SmoothEnabled => "smooth.enabled",
        RecipeSetting.Alpha => "smooth.alpha",
        RecipeSetting.Share => "smooth.share",
        RecipeSetting.Rank => "lowRank.rank",
        RecipeSetting.LowRankMethod => "lowRank.method",
        RecipeSetting.LowRankAccuracy => "lowRank.accuracy",
        RecipeSetting.WeightMethod => "weights.method",
        RecipeSetting.Damp => "weights.damp",
        RecipeSetting.BlockSize => "weights.blockSize",
        RecipeSetting.Granularity => "activations.granularity",
        RecipeSetting.ClipRatios => "activations.clipRatios",
        RecipeSetting.ExponentOffsets => "activations.exponentOffsets",
        RecipeSetting.Ties => "activations.ties",
        RecipeSetting.Objective => "activations.objective",
        _ => throw new ArgumentOutOfRangeException(nameof(setting)),
    };
}
