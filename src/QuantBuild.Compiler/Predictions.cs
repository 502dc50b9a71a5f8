using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Formats;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler;

/// <summary>Sizes of a build from its plan alone.</summary>
internal static class Predictions
{
    /// <summary>Bytes of the artifact's tensors: codes, scales, smoothing, low rank, and everything kept.</summary>
    public static long ArtifactBytes(IReadOnlyList<ExpertSource> sources) => sources.Sum(source =>
        source.Plan.KeptTensors.Sum(name => source.Checkpoint.Tensors[name].ByteLength) + source.Plan.Layers.Sum(layer => LayerBytes(source.Plan, layer)));

    /// <summary>
    /// Bytes that missing actions will add to the store. Recordings dominate: 2 bytes per kept token and channel, 4 per channel and step.
    /// </summary>
    public static long StoreBytes(Plan plan, IReadOnlyList<ActionEvent> actions)
    {
        int missingSamples = actions.Count(action => action.Stage == Stage.Trajectory.Name && action.Outcome == ActionOutcome.Missing);
        long recording = plan.Experts.Sum(expert => expert.Timesteps.Length * expert.Config.NumLayers
            * WanLayers.Sites.Sum(site => (long)ActivationRecorder.ChannelsOf(expert.Config, site) * ((2 * plan.Manifest.Calibration.TokensPerStep) + 4)));
        long layers = plan.Experts.Sum(expert => expert.Layers.Where(layer => actions.Any(action => action.Outcome == ActionOutcome.Missing
            && action.Expert == expert.Name && action.Name == layer.Name)).Sum(layer => LayerBytes(expert, layer)));
        return (missingSamples * recording) + layers;
    }

    /// <summary>
    /// Working set: per thread, the largest layer's weight in its five forms (source, smoothed, residual, rounded, transposed), its Hessian and
    /// factor, and the tokens of its largest bin with their outputs; or, while calibrating, both experts in float32 when they stay in memory.
    /// </summary>
    public static long PeakBytes(BuildContext context, IReadOnlyList<ExpertSource> sources)
    {
        long layer = context.Plan.Experts.SelectMany(expert => expert.Layers.Where(layer => layer.Recipe.Precision != Precision.BF16)
            .Select(layer => LayerWorkingSet(context.Plan, expert, layer))).DefaultIfEmpty().Max();
        long models = CalibrationModels.StorageFor(sources) == WeightStorage.Resident ? CalibrationModels.ResidentBytes(sources) : 0;
        return Math.Max(layer * context.Threads, models);
    }

    private static long LayerWorkingSet(Plan plan, ExpertPlan expert, LayerPlan layer)
    {
        long weight = 4L * layer.OutFeatures * layer.InFeatures;
        long hessian = 8L * layer.InFeatures * layer.InFeatures;
        long rows = (long)expert.Bins.Max(bin => bin.Steps.Length) * plan.Manifest.Calibration.Samples * plan.Manifest.Calibration.TokensPerStep;
        return (5 * weight) + Math.Max(hessian, 4 * rows * ((3L * layer.InFeatures) + (2L * layer.OutFeatures)));
    }

    private static long LayerBytes(ExpertPlan expert, LayerPlan layer)
    {
        LayerRecipe recipe = layer.Recipe;
        if (recipe.Precision == Precision.BF16)
            return 0;
        long packed = (long)layer.OutFeatures * (Mxfp4.CodeBytes(layer.InFeatures) + Mxfp4.Blocks(layer.InFeatures));
        long lowRank = 2L * recipe.LowRank.Rank * (layer.OutFeatures + layer.InFeatures);
        long smooth = recipe.Smooth.Enabled ? 4L * layer.InFeatures : 0;
        long clips = recipe.Precision == Precision.W4A4 ? expert.Bins.Length * (recipe.Activations.Granularity == ClipGranularity.Bin ? 12L : 8L) : 0;
        return packed + lowRank + smooth + clips;
    }
}
