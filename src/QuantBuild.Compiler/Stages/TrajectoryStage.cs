using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Runs one calibration sample through the full-precision sampler and records every site's input. Bins are not part of it: moving a bin's
/// edge must not run the model again.
/// </summary>
internal static class TrajectoryStage
{
    /// <summary>The samples that the plan calibrates with; null when the runner only looks and one is not made yet.</summary>
    public static CalibrationSet? LoadSet(BuildContext context, SampleSet set, IBuildObserver observer)
    {
        CalibrationSection section = context.Plan.Manifest.Calibration;
        return set.Load(context, context.Plan.Experts[0].Config, NeedsNull(section), section.Span, observer) is not { } loaded ? null
            : loaded with { Samples = [.. loaded.Samples.Select(sample => LatentCrop.Of(sample, section.Latent))] };
    }

    /// <summary>Name of a sample's recording.</summary>
    public static string NameOf(int sample) => FormattableString.Invariant($"sample {sample:000}");

    /// <summary>The recording of a sample: one output per <see cref="ActivationRecorder.OutputName"/>.</summary>
    public static ActionRecord? Run(BuildContext context, IReadOnlyList<ExpertSource> sources, CalibrationModels models, CalibrationSet set, CalibrationSample sample)
    {
        CalibrationSection section = context.Plan.Manifest.Calibration;
        var inputs = sources.Select(source => KeyValuePair.Create("expert." + source.Plan.Name, source.Model))
            .Append(KeyValuePair.Create("sample", sample.Digest));
        if (NeedsNull(section))
            inputs = inputs.Append(KeyValuePair.Create("null_context", set.NullDigest));
        var options = new JsonObject
        {
            ["solver"] = section.Solver,
            ["steps"] = section.Steps,
            ["shift"] = section.Shift,
            ["boundary"] = context.Plan.Calibration.Boundary,
            ["guidanceHigh"] = section.GuidanceHigh,
            ["guidanceLow"] = section.GuidanceLow,
            ["tokensPerStep"] = section.TokensPerStep,
            ["seed"] = section.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["sample"] = sample.Id,
        };
        // Not a part of other keys: recordings of whole samples keep theirs.
        if (section.Latent is not null)
            options["latent"] = FormattableString.Invariant($"{sample.Shape.Frames}x{sample.Shape.Height}x{sample.Shape.Width}");
        var spec = new ActionSpec(Stage.Trajectory, "", NameOf(sample.Id), options, inputs);
        return context.Run(spec, threads => WorkingSets.Trajectory(Largest(context.Plan), sample.Shape, threads), threads => Record(context, models, set, sample, threads),
            before: () => MemoryNeed.RequireAll(context, set.Samples.Select(any => (NameOf(any.Id), WorkingSets.Trajectory(Largest(context.Plan), any.Shape, threads: 1)))));
    }

    private static IReadOnlyDictionary<string, BlobRef> Record(BuildContext context, CalibrationModels models, CalibrationSet set, CalibrationSample sample, int threads)
    {
        SamplingOptions options = Options(context.Plan) with { Threads = threads };
        var keep = new ActivationRecorder.Options(context.Plan.Manifest.Calibration.Seed, sample.Id, context.Plan.Manifest.Calibration.TokensPerStep,
            [options.GuidanceHigh == 1 ? 1 : 2, options.GuidanceLow == 1 ? 1 : 2]);
        using var recorder = new ActivationRecorder(context.Plan.Experts, keep, sample.Shape.Volume / Patches.Size, context.Store.NewTemporary(), context.Cancellation);
        int highSteps = context.Plan.Experts[0].Timesteps.Length;
        long scratch = WorkingSets.Trajectory(Largest(context.Plan), sample.Shape, threads);
        var sampler = new TwoExpertSampler(() => new WanTransformer(models[0]), () =>
        {
            // The other expert's buffers are as large as those that this one is about to make.
            LargeArrays.Reclaim(scratch, context.Budget);
            return new WanTransformer(models[1]);
        });
        SampleTensors tensors = sample.Read();
        sampler.Run(options, sample.Shape, tensors.Noise, tensors.Conditioning, set.UnconditionedFor(tensors),
            observe: (step, conditioned) => recorder.At(step.HighNoise ? 0 : 1, step.HighNoise ? step.Index : step.Index - highSteps, conditioned ? 0 : 1),
            ct: context.Cancellation);
        return recorder.Store(context.Store);
    }

    /// <summary>The shape of the expert with the wider layers.</summary>
    internal static WanConfig Largest(Plan plan) => plan.Experts.Select(expert => expert.Config).MaxBy(config => config.Dim + config.FfnDim)!;

    /// <summary>How the plan's calibration samples.</summary>
    public static SamplingOptions Options(Plan plan)
    {
        CalibrationSection section = plan.Manifest.Calibration;
        return new SamplingOptions
        {
            Solver = section.Solver == "euler" ? SolverKind.Euler : SolverKind.UniPc,
            Steps = section.Steps,
            Shift = section.Shift,
            Boundary = plan.Calibration.Boundary,
            GuidanceHigh = section.GuidanceHigh,
            GuidanceLow = section.GuidanceLow,
        };
    }

    /// <summary>Whether the embedded empty prompt is needed, for guidance.</summary>
    internal static bool NeedsNull(CalibrationSection section) => section.GuidanceHigh != 1 || section.GuidanceLow != 1;
}
