using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Runs one calibration sample through the full-precision sampler and records every site's input. Bins are not part of it: moving a bin's
/// edge must not run the model again.
/// </summary>
internal sealed class TrajectoryStage() : Stage<TrajectorySubject, TrajectoryStage.Result>("Trajectory", 1,
    new StageText("calibration sample",
        "all tensors and the configuration of both experts, the sample's noise, y, context; `null_context` with guidance",
        "per expert and site: sampled tokens (bf16), absmax per channel and step"),
    new("solver", subject => RecipeNames.Solver.NameOf(subject.Section.Solver)),
    new("steps", subject => subject.Section.Steps),
    new("shift", subject => subject.Section.Shift),
    new("boundary", subject => subject.Plan.Calibration.Boundary),
    new("guidanceHigh", subject => subject.Section.GuidanceHigh),
    new("guidanceLow", subject => subject.Section.GuidanceLow),
    new("tokensPerStep", subject => subject.Section.TokensPerStep),
    new("seed", subject => subject.Section.Seed.ToString(CultureInfo.InvariantCulture)),
    new("sample", subject => subject.Id),
    new("timesteps", subject => TimestepsOf(subject.Section)),
    // Not a part of other keys: recordings of whole samples keep theirs.
    new("latent", subject => subject.Section.Latent is null ? null : LatentOf(subject.Shape())))
{
    /// <summary>What the action stores.</summary>
    /// <param name="Sites">A blob per expert and site, by <see cref="ActivationRecorder.OutputName"/>.</param>
    public sealed record Result(IReadOnlyDictionary<string, BlobRef> Sites);

    /// <summary>Name of a sample's recording.</summary>
    public static string NameOf(int sample) => FormattableString.Invariant($"sample {sample:000}");

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Model;

    /// <inheritdoc/>
    public override string NameOf(TrajectorySubject subject) => NameOf(subject.Id);

    /// <inheritdoc/>
    public override long Bytes(TrajectorySubject subject, int threads) =>
        SamplingCost.Bytes(subject.Plan, subject.Shape(), threads, is4Bit: false);

    /// <summary>A sample through the full-precision model, and what is recorded of it.</summary>
    public override double Seconds(TrajectorySubject subject, MachineSpeed speed) =>
        SamplingCost.Seconds(subject.Plan, subject.Shape(), speed)
        + (StoredBytes(subject) * speed.Byte)
        + (subject.Plan.Experts.Sum(expert => expert.Config.NumLayers * WanLayers.Sites.Count) * speed.Action);

    /// <summary>2 bytes per kept token and channel, 4 per channel and step.</summary>
    public override long StoredBytes(TrajectorySubject subject) =>
        subject.Plan.Experts.Sum(expert => expert.Timesteps.Length * expert.Config.NumLayers
        * WanLayers.Sites.Sum(site => (long)ActivationRecorder.ChannelsOf(expert.Config, site)
            * ((2 * subject.Section.TokensPerStep) + 4)));

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) => new(outputs);

    /// <summary>The recording of a sample; null when the runner only looks and it is missing.</summary>
    public Result? Run(BuildContext context, IReadOnlyList<ExpertSource> sources, CalibrationModels models, CalibrationSet set,
        CalibrationSample sample)
    {
        var inputs = sources.Select(source => KeyValuePair.Create("expert." + source.Plan.Name, source.Model))
            .Append(KeyValuePair.Create("sample", sample.Digest));
        if (NeedsNull(context.Plan.Manifest.Calibration))
            inputs = inputs.Append(KeyValuePair.Create("null_context", set.NullDigest));
        return context.Run(this, SubjectOf(sample), inputs, threads => Record(context, models, set, sample, threads), before: () =>
        {
            MemoryNeed.RequireAll(context.Budget,
                LayerBuild.Needs(context.Plan).Concat(set.Samples.Select(any => (NameOf(any.Id), Bytes(SubjectOf(any), threads: 1)))));
            DeviceNeed.RequireAll(context.Plan);
            CalibrationSample largest = set.Samples.MaxBy(any => any.Shape.Volume)!;
            DeviceNeed.RequireModel(context, $"{Name} {NameOf(largest.Id)}", largest.Shape, is4Bit: false);
        });

        TrajectorySubject SubjectOf(CalibrationSample some) => new(context.Plan, some.Id, () => some.Shape);
    }

    private static IReadOnlyDictionary<string, BlobRef> Record(BuildContext context, CalibrationModels models, CalibrationSet set,
        CalibrationSample sample, int threads)
    {
        SamplingOptions options = OptionsOf(context.Plan) with { Threads = threads };
        var keep = new ActivationRecorder.Options(context.Plan.Manifest.Calibration.Seed, sample.Id,
            context.Plan.Manifest.Calibration.TokensPerStep,
            [options.GuidanceHigh == 1 ? 1 : 2, options.GuidanceLow == 1 ? 1 : 2]);
        using var recorder = new ActivationRecorder(context.Plan.Experts, keep, sample.Shape.Volume / Patches.Size,
            context.Local.NewTemporary(), context.Cancellation);
        int highSteps = context.Plan.Experts[0].Timesteps.Length;
        long scratch = SamplingCost.Bytes(context.Plan.LargestConfig, sample.Shape, threads);
        var sampler = new TwoExpertSampler(() => models.Open(0), () =>
        {
            // The other expert's buffers are as large as those that this one is about to make.
            LargeArrays.Reclaim(scratch, context.Budget);
            return models.Open(1);
        });
        SampleTensors tensors = sample.Read();
        sampler.Run(options, sample.Shape, tensors.Noise, tensors.Conditioning, set.UnconditionedFor(tensors),
            observe: (step, conditioned) =>
                recorder.At(step.HighNoise ? 0 : 1, step.HighNoise ? step.Index : step.Index - highSteps, conditioned ? 0 : 1),
            ct: context.Cancellation);
        return recorder.Store(context.Store);
    }

    /// <summary>How the plan's calibration samples.</summary>
    public static SamplingOptions OptionsOf(Plan plan)
    {
        CalibrationSection section = plan.Manifest.Calibration;
        return new SamplingOptions
        {
            Solver = section.Solver,
            Steps = section.Steps,
            Shift = section.Shift,
            Timesteps = section.Timesteps,
            Boundary = plan.Calibration.Boundary,
            GuidanceHigh = section.GuidanceHigh,
            GuidanceLow = section.GuidanceLow,
        };
    }

    /// <summary>Whether the embedded empty prompt is needed, for guidance.</summary>
    internal static bool NeedsNull(CalibrationSection section) => section.GuidanceHigh != 1 || section.GuidanceLow != 1;

    /// <summary>Explicit timesteps as a part of keys; null when steps and shift make the schedule.</summary>
    internal static JsonNode? TimestepsOf(CalibrationSection section) =>
        section.Timesteps.IsEmpty ? null : new JsonArray([.. section.Timesteps.Select(timestep => (JsonNode)timestep)]);

    private static string LatentOf(LatentShape shape) => FormattableString.Invariant($"{shape.Frames}x{shape.Height}x{shape.Width}");
}
