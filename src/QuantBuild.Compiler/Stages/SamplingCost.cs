using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Stages;

/// <summary>What a sample takes on its way through both experts, in any of the stages that sample.</summary>
internal static class SamplingCost
{
    /// <summary>What rotary tables, norms, softmax and activation functions of a block add to its products.</summary>
    private const double BesideProducts = 1.25;

    // A run's own rows, schedules and tables, the tokens that are recorded of one site, and the buffers in which they reach the store.
    private const long Own = 4L << 20;

    // Buffers through which weights reach a device.
    private const long Staging = 64L << 20;

    /// <summary>
    /// Bytes at the peak: activations of one block for all tokens, or panels of the weights while an expert is opened; biases and norms of
    /// both experts; and what every thread takes of attention scores.
    /// </summary>
    /// <param name="config">The larger expert.</param>
    /// <param name="shape">The sample's latent.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public static long Bytes(WanConfig config, LatentShape shape, int threads)
    {
        long tokens = shape.Volume / 4;
        long scratch = 4 * tokens * ((5L * config.Dim) + config.FfnDim + (4L * config.InDim));
        long text = 4L * config.TextLen * ((5L * config.Dim) + config.TextDim);
        long attention = 4 * Math.Clamp((1 << 18) / Math.Max(1, tokens), 64, 512) * tokens;
        long latents = 4L * shape.Volume * ((4L * config.OutDim) + config.InDim);
        long vectors = (2 * 4L * config.NumLayers * ((22L * config.Dim) + config.FfnDim)) + Own;
        return Math.Max(scratch, 4L * FiniteWeights.PanelSize) + text + latents + vectors + (4L * 256 * config.FfnDim)
            + (threads * attention)
            + WorkingSets.ProductPanels(threads);
    }

    /// <summary>The same by the backend that runs the model: of a device of its own, only what the process holds beside it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shape">The sample's latent.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    /// <param name="is4Bit">Whether an artifact's experts run.</param>
    public static long Bytes(Plan plan, LatentShape shape, int threads, bool is4Bit)
    {
        WanConfig config = plan.LargestConfig;
        if (plan.Backends.Model.NeedOf(default, default, config, shape, is4Bit) is not { } need)
            return Bytes(config, shape, threads);
        long latents = 4L * shape.Volume * ((4L * config.OutDim) + config.InDim), text = 4L * config.TextLen * config.TextDim;
        return latents + text + Own + (need.OnDevice ? Staging : need.PassBytes);
    }

    /// <summary>Processor time of the products of all blocks and steps.</summary>
    internal static double Seconds(Plan plan, LatentShape shape, MachineSpeed speed)
    {
        double tokens = shape.Volume / 4.0;
        CalibrationSection calibration = plan.Manifest.Calibration;
        return plan.Experts.Sum(expert =>
        {
            WanConfig config = expert.Config;
            double dim = config.Dim;
            double linear = (tokens * ((6 * dim * dim) + (2 * dim * config.FfnDim))) + (config.TextLen * 2 * dim * dim);
            double attention = 2 * tokens * dim * (tokens + config.TextLen);
            double passes = (expert.Name == ExpertNames.HighNoise ? calibration.GuidanceHigh : calibration.GuidanceLow) == 1 ? 1 : 2;
            return expert.Timesteps.Length * passes * config.NumLayers * (linear + attention) * BesideProducts
                * speed.At(config.Dim, config.Dim).Product;
        });
    }
}
