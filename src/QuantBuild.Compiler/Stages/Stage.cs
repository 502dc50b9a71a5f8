namespace QuantBuild.Compiler.Stages;

/// <summary>A kind of action; see docs/stages.md.</summary>
/// <param name="Name">Name in keys, logs and records.</param>
/// <param name="Version">Algorithm version: raised whenever the same inputs would give other bytes.</param>
public sealed record Stage(string Name, int Version)
{
    /// <summary>The encoded picture and prompt of a sample.</summary>
    public static Stage Condition { get; } = new("Condition", 2);

    /// <summary>One calibration sample through the full-precision sampler.</summary>
    public static Stage Trajectory { get; } = new("Trajectory", 1);

    /// <summary>Smoothing vector of a site or layer, eq. (5).</summary>
    public static Stage Smooth { get; } = new("Smooth", 1);

    /// <summary>Low-rank branch of a layer, eq. (6).</summary>
    public static Stage LowRank { get; } = new("LowRank", 2);

    /// <summary>Residual weights of a layer in 4 bits.</summary>
    public static Stage Gptq { get; } = new("Gptq", 2);

    /// <summary>Clip ratio of a layer in a bin, eq. (10).</summary>
    public static Stage Clip { get; } = new("Clip", 2);

    /// <summary>Errors of a layer per bin and method.</summary>
    public static Stage Measure { get; } = new("Measure", 3);

    /// <summary>Artifact files of an expert.</summary>
    public static Stage Pack { get; } = new("Pack", 1);

    /// <summary>One evaluation sample through a model.</summary>
    public static Stage Evaluate { get; } = new("Evaluate", 2);

    /// <summary>The frames of an evaluated latent.</summary>
    public static Stage Decode { get; } = new("Decode", 1);

    /// <summary>The stages whose versions decide an artifact's bytes.</summary>
    /// <param name="fromPictures">Whether samples are made of pictures and prompts.</param>
    public static IReadOnlyList<Stage> AllOf(bool fromPictures) =>
        [.. fromPictures ? [Condition] : (Stage[])[], Trajectory, Smooth, LowRank, Gptq, Clip, Measure, Pack];
}
