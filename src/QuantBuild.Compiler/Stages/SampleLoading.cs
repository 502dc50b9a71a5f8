using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Stages;

/// <summary>From a set on disk to samples that a sampler can start from.</summary>
internal static class SampleLoading
{
    /// <summary>The samples, read or made; null when the runner only looks and one is not made yet.</summary>
    /// <param name="context">The build.</param>
    /// <param name="set">The set.</param>
    /// <param name="config">The model the samples are for.</param>
    /// <param name="needNull">Whether the embedded empty prompt is needed.</param>
    /// <param name="origin">Place in the manifest that names the set.</param>
    /// <param name="observer">Follows the work.</param>
    /// <exception cref="DiagnosticException">Anything is missing or does not fit.</exception>
    public static CalibrationSet? Load(BuildContext context, SampleSet set, WanConfig config, bool needNull, SourceSpan? origin,
        IBuildObserver observer) => set.FromPictures
        ? BuildStages.Condition.Load(context, set, config, needNull, observer)
        : CalibrationSet.Load(set, config, needNull, origin);

    /// <summary>The samples that the plan calibrates with; null when the runner only looks and one is not made yet.</summary>
    public static CalibrationSet? LoadSet(BuildContext context, SampleSet set, IBuildObserver observer)
    {
        CalibrationSection section = context.Plan.Manifest.Calibration;
        return Load(context, set, context.Plan.Experts[0].Config, TrajectoryStage.NeedsNull(section), section.Span,
            observer) is not { } loaded ? null
            : loaded with { Samples = [.. loaded.Samples.Select(sample => LatentCrop.Of(sample, section.Latent))] };
    }

    /// <summary>Digests of the samples, or of their recordings, that a plan calibrates with, without recording anything.</summary>
    public static ImmutableArray<Digest> DigestsOf(BuildContext context)
    {
        CalibrationSection calibration = context.Plan.Manifest.Calibration;
        if (calibration.Activations is not { } section)
            return [.. LoadSet(context, SampleSet.Of(context.Plan.Manifest), SilentObserver.Instance)!.Samples.Select(sample =>
                sample.Digest)];
        using var external = ExternalActivations.Open(context.Plan, section, context.Local, context.Cancellation);
        return external.Samples;
    }
}
