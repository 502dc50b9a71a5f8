using QuantBuild.Formats;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Everything that decides how one layer is quantized.</summary>
internal sealed record LayerRecipe(Precision Precision, SmoothRecipe Smooth, LowRankRecipe LowRank, WeightRecipe Weights,
    ActivationRecipe Activations)
{
    /// <summary>What a manifest that says nothing gets: the paper's settings, with ties rounded as hardware does.</summary>
    public static LayerRecipe Default { get; } = new(
        Precision.W4A4,
        new SmoothRecipe(Enabled: true, Alpha: 0.5, SmoothShare.Site),
        new LowRankRecipe(Rank: 16, LowRankMethod.Randomized),
        new WeightRecipe(WeightMethod.Gptq, Damp: 0.01, BlockSize: 512),
        new ActivationRecipe(ClipGranularity.Block, [0.6, 0.7, 0.8, 0.9, 1.0], [0], TieRule.Even, ClipObjective.Output));

    /// <summary>Whether a setting changes anything about a layer with this recipe: the rank of a bf16 layer, for one, does not.</summary>
    public bool Uses(RecipeSetting setting) => setting switch
    {
        RecipeSetting.Precision => true,
        _ when Precision == Precision.BF16 => false,
        RecipeSetting.SmoothEnabled => true,
        RecipeSetting.Alpha or RecipeSetting.Share => Smooth.Enabled,
        RecipeSetting.Rank => true,
        RecipeSetting.LowRankMethod => LowRank.Rank > 0,
        RecipeSetting.LowRankAccuracy => LowRank is { Rank: > 0, Method: LowRankMethod.Randomized },
        RecipeSetting.WeightMethod => true,
        RecipeSetting.Damp or RecipeSetting.BlockSize => Weights.Method == WeightMethod.Gptq,
        _ => Precision == Precision.W4A4,
    };
}
