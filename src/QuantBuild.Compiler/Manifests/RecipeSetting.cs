namespace QuantBuild.Compiler.Manifests;

/// <summary>One setting of a recipe: what "last match wins" decides one by one.</summary>
internal enum RecipeSetting
{
    /// <summary><c>precision</c>.</summary>
    Precision,

    /// <summary><c>smooth.enabled</c>.</summary>
    SmoothEnabled,

    /// <summary><c>smooth.alpha</c>.</summary>
    Alpha,

    /// <summary><c>smooth.share</c>.</summary>
    Share,

    /// <summary><c>lowRank.rank</c>.</summary>
    Rank,

    /// <summary><c>lowRank.method</c>.</summary>
    LowRankMethod,

    /// <summary><c>lowRank.accuracy</c>.</summary>
    LowRankAccuracy,

    /// <summary><c>weights.method</c>.</summary>
    WeightMethod,

    /// <summary><c>weights.damp</c>.</summary>
    Damp,

    /// <summary><c>weights.blockSize</c>.</summary>
    BlockSize,

    /// <summary><c>activations.granularity</c>.</summary>
    Granularity,

    /// <summary><c>activations.clipRatios</c>.</summary>
    ClipRatios,

    /// <summary><c>activations.exponentOffsets</c>.</summary>
    ExponentOffsets,

    /// <summary><c>activations.ties</c>.</summary>
    Ties,

    /// <summary><c>activations.objective</c>.</summary>
    Objective,
}
