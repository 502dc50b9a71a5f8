using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Work;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Stages;

/// <summary>The memory of a device that layers and the model need, against what there is.</summary>
internal static class DeviceNeed
{
    /// <summary>Refuses a device that some layer does not fit. Asked before a sample is run, as for the memory of the process.</summary>
    /// <exception cref="DiagnosticException">One does not fit (QB3270).</exception>
    public static void RequireAll(Plan plan) => Require(plan, plan.Experts.SelectMany(expert => expert.Layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16).Select(layer => (expert, layer))), from: null);

    /// <summary>Refuses a device that one layer does not fit.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="expert">The layer's expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="from">The first stage of its chain that has to be executed.</param>
    /// <exception cref="DiagnosticException">It does not fit (QB3270).</exception>
    public static void Require(Plan plan, ExpertPlan expert, LayerPlan layer, Stage from) => Require(plan, [(expert, layer)], from);

    /// <summary>Refuses a device on which weights, as they are placed there, and a pass have no room.</summary>
    /// <param name="context">The build.</param>
    /// <param name="action">The action that runs the model, for the message.</param>
    /// <param name="shape">Size of its latent.</param>
    /// <param name="is4Bit">Whether an artifact's experts run.</param>
    /// <exception cref="DiagnosticException">There is too little (QB3250).</exception>
    public static void RequireModel(BuildContext context, string action, LatentShape shape, bool is4Bit)
    {
        IComputeBackend backend = context.Plan.Backends.Model;
        if (Of(backend, context.Plan.Experts.Select(expert => expert.Config), context.Budget.Bytes, shape, is4Bit)
            is var (placement, need))
            RequireModel(backend, placement, need, action, shape);
    }

    /// <summary>The same where placement and need are known.</summary>
    public static void RequireModel(IComputeBackend backend, ModelPlacement placement, ModelNeed need, string action, LatentShape shape)
    {
        if (backend.DeviceMemory is not { } memory || need.Bytes <= memory)
            return;
        throw new DiagnosticException(Descriptors.ModelMemoryTooSmall.At(null, action, ByteText.Of(need.Bytes),
            ByteText.Of(need.WeightBytes), NameOf(placement), ByteText.Of(need.PassBytes), shape.Volume / Patches.Size,
            ByteText.Of(memory)));
    }

    /// <summary>Where a backend has the weights, and what the model takes there; null for the processor's own kernels.</summary>
    public static (ModelPlacement Placement, ModelNeed Need)? Of(IComputeBackend backend, IEnumerable<WanConfig> experts, long budget,
        LatentShape shape, bool is4Bit)
    {
        WanConfig[] configs = [.. experts];
        ModelPlacement placement = backend.Place(ModelElements.Of(configs), budget);
        return Of(backend, configs, placement, shape, is4Bit) is { } need ? (placement, need) : null;
    }

    /// <summary>What the model takes where weights are placed so; null for the processor's own kernels.</summary>
    public static ModelNeed? Of(IComputeBackend backend, WanConfig[] experts, ModelPlacement placement, LatentShape shape, bool is4Bit) =>
        backend.NeedOf(placement, ModelElements.Of(experts), experts.MaxBy(config => (long)config.Dim * config.FfnDim)!, shape, is4Bit);

    /// <summary>Where weights stay, for people.</summary>
    public static string NameOf(ModelPlacement placement) => placement.Storage == WeightStorage.Mapped ? "blocks that are streamed"
        : placement.OneAtATime ? "one expert at a time" : "both experts";

    /// <summary>The most that an action of a stage of layers takes of a device; 0 where there is none.</summary>
    public static long LargestOf(Plan plan, ILayerStage stage) => plan.Experts.SelectMany(expert => expert.Layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16).SelectMany(layer => stage.SubjectsOf(plan, expert, layer)))
        .Select(stage.DeviceBytes).DefaultIfEmpty().Max();

    private static void Require(Plan plan, IEnumerable<(ExpertPlan Expert, LayerPlan Layer)> layers, Stage? from)
    {
        if (plan.Backends.Layers.DeviceMemory is not { } memory)
            return;
        (string Name, Stage Stage, long Bytes)[] oversized = [.. layers.Select(one => Largest(plan, one.Expert, one.Layer, from))
            .Where(one => one.Bytes > memory)];
        if (oversized.Length == 0)
            return;
        (string name, Stage stage, long bytes) = oversized.MaxBy(one => one.Bytes);
        throw new DiagnosticException(Descriptors.DeviceMemoryTooSmall.At(null, name, ByteText.Of(bytes), stage.Name,
            oversized.Length == 1 ? ""
                : string.Create(CultureInfo.InvariantCulture, $", and {oversized.Length - 1} others need too much"),
            ByteText.Of(memory)));
    }

    private static (string Name, Stage Stage, long Bytes) Largest(Plan plan, ExpertPlan expert, LayerPlan layer, Stage? from) =>
        LayerBuild.ChainFrom(from).SelectMany(stage => stage.SubjectsOf(plan, expert, layer), (stage, subject) =>
            (Name: $"{expert.Name} {layer.Name}", Stage: (Stage)stage.Declaration, Bytes: stage.DeviceBytes(subject)))
            .DefaultIfEmpty().MaxBy(one => one.Bytes);
}
