using System.Collections.Immutable;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>How much memory each kind of work holds at its peak, from shapes alone. Tests hold these against measurement.</summary>
internal static class WorkingSets
{
    /// <summary>What the program itself takes, whatever the model: runtime, compiled code, tables, buffers of the file system.</summary>
    public const long Program = 170L << 20;

    // Of what is left beside the program, this part is for declared work; the rest is for what the collector has not given back yet.
    private const double Declared = 0.9;

    // A run's own rows, schedules and tables, the tokens that are recorded of one site, and the buffers in which they reach the store.
    private const long Own = 4L << 20;

    /// <summary>Panels of a weight that are read at once: pages of its file, which the collector knows nothing of.</summary>
    internal const long ReadPanel = 4L << 22;

    /// <summary>The stages of a layer, in their order.</summary>
    internal static ImmutableArray<Stage> LayerStages { get; } = [Stage.LowRank, Stage.Gptq, Stage.Clip, Stage.Measure];

    /// <summary>Bytes for declared work under a limit for the whole process.</summary>
    public static long BudgetOf(long limit) => (long)(Math.Max(0, limit - Program) * Declared);

    /// <summary>The least limit for the whole process under which work of so many bytes fits; the inverse of <see cref="BudgetOf"/>.</summary>
    public static long LimitFor(long bytes) => Program + (long)Math.Ceiling(bytes / Declared);

    /// <summary>Tokens that enter a Hessian at once.</summary>
    public static int PortionRows(LayerPlan layer) => (int)Math.Clamp((1L << 24) / layer.InFeatures, 256, 1024);

    /// <summary>Peak of a layer from a stage on.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="expert">The layer's expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="from">The first stage that has to be executed.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public static long Of(Plan plan, ExpertPlan expert, LayerPlan layer, Stage from, int threads)
    {
        long peak = 0;
        for (int stage = Math.Max(0, LayerStages.IndexOf(from)); stage < LayerStages.Length; stage++)
            peak = Math.Max(peak, OfStage(plan, expert, layer, LayerStages[stage], threads));
        return peak;
    }

    /// <summary>Peak of one stage of a layer.</summary>
    internal static long OfStage(Plan plan, ExpertPlan expert, LayerPlan layer, Stage stage, int threads) =>
        stage == Stage.LowRank ? LowRank(layer, threads)
        : stage == Stage.Gptq ? Gptq(layer, threads)
        : stage == Stage.Clip ? Clip(plan, expert, layer, threads)
        : Measure(layer, threads);

    // Packed panels of a matrix product, rented from a pool that rounds up to powers of two and keeps them: 4.8 MiB for a thread alone, and
    // where several work together 9 MiB for all of them besides.
    private static long ProductPanels(int threads) => (threads * (8L << 20)) + (threads > 1 ? 17L << 20 : 0);

    /// <summary>A smoothing vector: panels of the weights.</summary>
    public static long Smooth => 2 * ReadPanel;

    /// <summary>
    /// One sample through the model: activations of one block for all tokens, or panels of the weights while an expert is opened; biases and norms of both
    /// experts; and what every thread takes of attention scores.
    /// </summary>
    /// <param name="config">The larger expert.</param>
    /// <param name="shape">The sample's latent.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public static long Trajectory(WanConfig config, LatentShape shape, int threads)
    {
        long tokens = shape.Volume / 4;
        long scratch = 4 * tokens * ((5L * config.Dim) + config.FfnDim + (4L * config.InDim));
        long text = 4L * config.TextLen * ((5L * config.Dim) + config.TextDim);
        long attention = 4 * Math.Clamp((1 << 18) / Math.Max(1, tokens), 64, 512) * tokens;
        long latents = 4L * shape.Volume * ((4L * config.OutDim) + config.InDim);
        long vectors = (2 * 4L * config.NumLayers * ((22L * config.Dim) + config.FfnDim)) + Own;
        return Math.Max(scratch, 4L * FiniteWeights.PanelSize) + text + latents + vectors + (4L * 256 * config.FfnDim) + (threads * attention) + ProductPanels(threads);
    }

    private static long LowRank(LayerPlan layer, int threads)
    {
        long width = (layer.Recipe.LowRank.Rank + 16L + 31) / 32 * 32;
        long bases = (layer.OutFeatures + (long)layer.InFeatures) * width * (4 + (4 * 8));
        long exact = layer.Recipe.LowRank.Method == LowRankMethod.Exact ? 16L * layer.OutFeatures * layer.InFeatures : 0;
        return layer.Recipe.LowRank.Rank == 0 ? 0 : Weight(layer) + bases + exact + ProductPanels(threads);
    }

    private static long Gptq(LayerPlan layer, int threads)
    {
        if (layer.Recipe.Weights.Method != WeightMethod.Gptq)
            return Weight(layer) + Packed(layer) + ProductPanels(threads);
        long inputs = layer.InFeatures;
        long hessian = 4 * inputs * inputs;
        long tokens = 2 * 4L * PortionRows(layer) * inputs;
        long rowsAtOnce = Workers.RangeSize(layer.OutFeatures, threads, GptqBlock.Granule, GptqSweep.RowsAtOnce) + GptqBlock.Granule;
        long block = layer.Recipe.Weights.BlockSize;
        long sweep = threads * 4 * ((rowsAtOnce * (inputs + (4 * block))) + (block * block));
        return Weight(layer) + Packed(layer) + hessian + Math.Max(tokens, sweep) + ProductPanels(threads);
    }

    private static long Clip(Plan plan, ExpertPlan expert, LayerPlan layer, int threads)
    {
        if (layer.Recipe.Precision != Precision.W4A4)
            return 0;
        ActivationRecipe recipe = layer.Recipe.Activations;
        long candidates = expert.Bins.Max(bin => (bin.ClipRatios ?? recipe.ClipRatios).Length) * (long)recipe.ExponentOffsets.Length;
        long rows = Math.Min(ClipSearch.TokensAtOnce, BinTokens(plan, expert));
        // A portion as float32 and, for every candidate, its changed blocks: bytes, and a scale, a correction and a token's index per block.
        long portion = rows * layer.InFeatures * 4 + (rows * layer.InFeatures * (candidates + 1) * 3 / 2);
        long outputs = rows * layer.OutFeatures * 4;
        // What the first candidate's rounding takes away, and a panel of the weight.
        long differences = recipe.Objective == ClipObjective.Activation ? (rows + 512) * layer.InFeatures * 4 : 0;
        return differences + Weight(layer) + Packed(layer) + Panels(layer.OutFeatures, layer.InFeatures) + portion + outputs + ProductPanels(threads);
    }

    private static long Measure(LayerPlan layer, int threads)
    {
        const int Methods = 4;
        long rows = LayerError.TokensAtOnce;
        long perMethod = (rows * layer.InFeatures * 4) + Mxfp4Tokens.BytesFor(LayerError.TokensAtOnce, layer.InFeatures) + Panels(Math.Min(512, layer.OutFeatures), layer.InFeatures);
        return Weight(layer) + (3 * Packed(layer)) + (rows * layer.InFeatures * 4) + (Methods * perMethod) + (rows * 512 * 8) + ProductPanels(threads);
    }

    private static long BinTokens(Plan plan, ExpertPlan expert) =>
        expert.Bins.Max(bin => bin.Steps.Length) * (long)plan.Manifest.Calibration.Samples * plan.Manifest.Calibration.TokensPerStep;

    /// <summary>The weight in one of its forms, and the pages of its file that are being read.</summary>
    private static long Weight(LayerPlan layer) => (4L * layer.OutFeatures * layer.InFeatures) + ReadPanel;

    private static long Packed(LayerPlan layer) => (long)layer.OutFeatures * (Mxfp4.CodeBytes(layer.InFeatures) + Mxfp4.Blocks(layer.InFeatures));

    /// <summary>A weight unpacked for integer products: a byte per element and a float per block.</summary>
    private static long Panels(long outputs, long inputs) => outputs * inputs * 9 / 8;
}
