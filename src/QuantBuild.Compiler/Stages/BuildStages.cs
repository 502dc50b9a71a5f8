using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;

namespace QuantBuild.Compiler.Stages;

/// <summary>All stages, in the order in which a build comes to them.</summary>
internal static class BuildStages
{
    /// <summary>Encoded pictures and prompts.</summary>
    internal static ConditionStage Condition { get; } = new();

    /// <summary>Recordings of calibration samples.</summary>
    internal static TrajectoryStage Trajectory { get; } = new();

    /// <summary>Smoothing vectors, eq. (5).</summary>
    internal static SmoothStage Smooth { get; } = new();

    /// <summary>Rotations of smoothed inputs.</summary>
    internal static RotateStage Rotate { get; } = new();

    /// <summary>Errors by rank.</summary>
    internal static CurveStage Curve { get; } = new();

    /// <summary>Low-rank branches, eq. (6).</summary>
    internal static LowRankStage LowRank { get; } = new();

    /// <summary>Weights in 4 bits.</summary>
    internal static GptqStage Gptq { get; } = new();

    /// <summary>Clip ratios, eq. (10).</summary>
    internal static ClipStage Clip { get; } = new();

    /// <summary>Errors of layers.</summary>
    internal static MeasureStage Measure { get; } = new();

    /// <summary>Artifact files.</summary>
    internal static PackStage Pack { get; } = new();

    /// <summary>Spectra of built layers' weights.</summary>
    internal static SpectrumStage Spectrum { get; } = new();

    /// <summary>Evaluation samples.</summary>
    internal static EvaluateStage Evaluate { get; } = new();

    /// <summary>Frames of evaluated latents.</summary>
    internal static DecodeStage Decode { get; } = new();

    /// <summary>The chain of a layer: every stage uses what those before it made.</summary>
    internal static ImmutableArray<ILayerStage> LayerChain { get; } = [Rotate, Curve, LowRank, Gptq, Clip, Measure];

    /// <summary>The stages whose versions decide an artifact's bytes.</summary>
    /// <param name="fromPictures">Whether samples are made of pictures and prompts.</param>
    public static IReadOnlyList<Stage> OfBuild(bool fromPictures) =>
        [.. fromPictures ? [Condition] : (Stage[])[], Trajectory, Smooth, .. LayerChain.Select(stage => stage.Declaration), Pack];

    /// <summary>Every stage.</summary>
    public static IReadOnlyList<Stage> All { get; } = [.. OfBuild(fromPictures: true), Spectrum, Evaluate, Decode];

    /// <summary>Place of a stage in <see cref="All"/>, by name; -1 for one that there is not.</summary>
    public static int IndexOf(string name)
    {
        for (int i = 0; i < All.Count; i++)
        {
            if (All[i].Name == name)
                return i;
        }
        return -1;
    }

    /// <summary>The stage after which a layer is done.</summary>
    public static Stage LastOfLayer => LayerChain[^1].Declaration;

    /// <summary>Whether a stage works on layers and their sites.</summary>
    public static bool IsOfLayers(Stage stage) => stage == Smooth || LayerChain.Any(link => link.Declaration == stage);
}
