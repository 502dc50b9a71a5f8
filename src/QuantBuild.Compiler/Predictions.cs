using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler;

/// <summary>Sizes of a build from its plan alone.</summary>
internal static class Predictions
{
    /// <summary>Bytes of the artifact's tensors: codes, scales, smoothing, low rank, and everything kept.</summary>
    public static long ArtifactBytes(Plan plan, ExpertSource source) =>
        source.Plan.KeptTensors.Sum(name => KeptBytes(source.Checkpoint.Tensors[name], plan.Manifest.Output.KeptDtype)) + source.Plan.Layers.Sum(layer => LayerSize.Of(source.Plan, layer).Total);

    /// <summary>
    /// Bytes that missing actions will add to the store: recordings (2 bytes per kept token and channel, 4 per channel and step), results of layers, and the
    /// artifact's files, which a folder on the same file system shares.
    /// </summary>
    public static long StoreBytes(Plan plan, IReadOnlyList<ExpertSource> sources, IReadOnlyList<ActionEvent> actions)
    {
        int missingSamples = actions.Count(action => action.Stage == Stage.Trajectory.Name && action.Outcome == ActionOutcome.Missing);
        long layers = plan.Experts.Sum(expert => expert.Layers.Where(layer => actions.Any(action => action.Outcome == ActionOutcome.Missing
            && action.Expert == expert.Name && action.Name == layer.Name)).Sum(layer => LayerSize.Of(expert, layer).Total));
        long packed = sources.Where(source => actions.Any(action => action.Stage == Stage.Pack.Name && action.Outcome == ActionOutcome.Missing && action.Expert == source.Plan.Name))
            .Sum(source => ArtifactBytes(plan, source));
        return (missingSamples * RecordingBytes(plan)) + layers + packed;
    }

    /// <summary>Bytes that the recordings of one sample take in the store.</summary>
    public static long RecordingBytes(Plan plan) => plan.Experts.Sum(expert => expert.Timesteps.Length * expert.Config.NumLayers
        * WanLayers.Sites.Sum(site => (long)ActivationRecorder.ChannelsOf(expert.Config, site) * ((2 * plan.Manifest.Calibration.TokensPerStep) + 4)));

    /// <summary>
    /// The most memory the process takes: the program, and the largest work that the budget lets run side by side, of encoding, of calibration and
    /// of the layers, with what the collector has not given back yet; work that is larger than the budget runs alone.
    /// </summary>
    public static long PeakBytes(BuildContext context, IReadOnlyList<ExpertSource> sources, IEnumerable<LatentShape> shapes)
    {
        WorkBudget budget = context.Budget;
        long layers = SideBySide(budget, context.Plan.Experts.SelectMany(expert => expert.Layers.Where(layer => layer.Recipe.Precision != Precision.BF16)
            .Select(layer => (Func<int, long>)(threads => WorkingSets.Of(context.Plan, expert, layer, Stage.LowRank, threads)))));
        if (context.Plan.Manifest.Calibration.Activations is not null)
            return WorkingSets.LimitFor(layers);
        long models = CalibrationModels.StorageFor(sources, budget) == WeightStorage.Resident ? CalibrationModels.ResidentBytes(sources) : 0;
        long samples = SideBySide(budget, shapes.Select(shape =>
            (Func<int, long>)(threads => WorkingSets.Trajectory(TrajectoryStage.Largest(context.Plan), shape, threads))));
        return WorkingSets.LimitFor(Math.Max(Math.Max(layers, Encoding(context)), models + samples));
    }

    /// <summary>Bytes that pictures and prompts take while they are encoded, one after the other; 0 without pictures, or where only headers are at hand.</summary>
    private static long Encoding(BuildContext context)
    {
        if (context.Plan.Location.HeadersOnly || SampleSet.Of(context.Plan.Manifest.Calibration) is not { FromPictures: true } set)
            return 0;
        EncoderSource encoders = EncoderSource.Open(context, context.Plan.Experts[0].Config);
        return set.Lines.Max(line => encoders.EncodingBytes(line, context.Budget.Threads));
    }

    /// <summary>Bytes of the largest pieces of work together, as many as there are threads and as fit.</summary>
    private static long SideBySide(WorkBudget budget, IEnumerable<Func<int, long>> needs)
    {
        long sum = 0;
        foreach (long need in needs.Select(need => need(1)).OrderDescending().Take(budget.Threads))
        {
            if (sum == 0 || sum + need <= budget.Bytes)
                sum += need;
        }
        return sum;
    }

    /// <summary>Bytes of a kept tensor in an artifact, cast if the manifest says so.</summary>
    public static long KeptBytes(TensorInfo tensor, DType? castTo) => castTo is { } target && tensor.DType is DType.F32 or DType.F16 or DType.BF16
        ? tensor.ElementCount * (target == DType.F32 ? 4 : 2)
        : tensor.ByteLength;
}
