using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Settings to change in a recipe; null keeps the setting.</summary>
internal sealed record RecipePatch
{
    private static readonly RecipeSetting[] AllSettings = Enum.GetValues<RecipeSetting>();

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

    /// <summary>Accuracy of the low-rank branch.</summary>
    public double? LowRankAccuracy { get; init; }

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

    /// <summary>Places of the values that are set, where they come from a file.</summary>
    public ImmutableDictionary<RecipeSetting, SourceSpan> Spans { get; init; } = ImmutableDictionary<RecipeSetting, SourceSpan>.Empty;

    /// <summary>The settings that this patch changes.</summary>
    public IEnumerable<RecipeSetting> Settings => AllSettings.Where(Sets);

    /// <summary>The recipe with these settings changed.</summary>
    public LayerRecipe ApplyTo(LayerRecipe recipe) => new(
        Precision ?? recipe.Precision,
        new SmoothRecipe(SmoothEnabled ?? recipe.Smooth.Enabled, Alpha ?? recipe.Smooth.Alpha, Share ?? recipe.Smooth.Share),
        new LowRankRecipe(Rank ?? recipe.LowRank.Rank, LowRankMethod ?? recipe.LowRank.Method, LowRankAccuracy ?? recipe.LowRank.Accuracy),
        new WeightRecipe(WeightMethod ?? recipe.Weights.Method, Damp ?? recipe.Weights.Damp, BlockSize ?? recipe.Weights.BlockSize),
        new ActivationRecipe(Granularity ?? recipe.Activations.Granularity, ClipRatios ?? recipe.Activations.ClipRatios,
            ExponentOffsets ?? recipe.Activations.ExponentOffsets, Ties ?? recipe.Activations.Ties,
            Objective ?? recipe.Activations.Objective));

    private bool Sets(RecipeSetting setting) => setting switch
    {
        RecipeSetting.Precision => Precision is not null,
        RecipeSetting.SmoothEnabled => SmoothEnabled is not null,
        RecipeSetting.Alpha => Alpha is not null,
        RecipeSetting.Share => Share is not null,
        RecipeSetting.Rank => Rank is not null,
        RecipeSetting.LowRankMethod => LowRankMethod is not null,
        RecipeSetting.LowRankAccuracy => LowRankAccuracy is not null,
        RecipeSetting.WeightMethod => WeightMethod is not null,
        RecipeSetting.Damp => Damp is not null,
        RecipeSetting.BlockSize => BlockSize is not null,
        RecipeSetting.Granularity => Granularity is not null,
        RecipeSetting.ClipRatios => ClipRatios is not null,
        RecipeSetting.ExponentOffsets => ExponentOffsets is not null,
        RecipeSetting.Ties => Ties is not null,
        RecipeSetting.Objective => Objective is not null,
        _ => throw new ArgumentOutOfRangeException(nameof(setting)),
    };
}
