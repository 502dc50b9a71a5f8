using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;
using QuantBuild.Kernels;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Timing;

/// <summary>The memory that a build takes where a backend other than the processor's own kernels computes.</summary>
/// <param name="Limit">Bytes that may be used; null where nothing is said.</param>
/// <param name="OnDevice">Whether that is a device's own memory, and not a part of the machine's.</param>
/// <param name="Model">Where weights stay and what the model takes for the largest sample; null where the processor's kernels run it.</param>
/// <param name="Tokens">Tokens of that sample.</param>
/// <param name="Layers">The most that an action of each stage of layers takes there, in the order of stages; none for the processor's.</param>
internal sealed record DevicePrediction(long? Limit, bool OnDevice, (ModelPlacement Placement, ModelNeed Need)? Model, long Tokens,
    IReadOnlyList<(string Stage, long Bytes)> Layers)
{
    /// <summary>The most of all.</summary>
    public long Bytes => Layers.Select(stage => stage.Bytes).Append(Model?.Need.Bytes ?? 0).Max();

    /// <summary>Whether it is more than may be used.</summary>
    public bool IsTooLarge => Bytes > Limit;

    /// <summary>Predicts; null where the processor's own kernels do everything.</summary>
    /// <param name="context">The build.</param>
    /// <param name="samples">Its calibration samples; null when they are recorded already.</param>
    public static DevicePrediction? Of(BuildContext context, SampleSet? samples)
    {
        LatentShape largest = (samples?.Shapes() ?? []).Select(shape => LatentCrop.Of(shape, context.Plan.Manifest.Calibration.Latent))
            .DefaultIfEmpty().MaxBy(shape => shape.Volume);
        (ModelPlacement, ModelNeed Need)? model = largest.Volume == 0 ? null : DeviceNeed.Of(context.Plan.Backends.Model,
            context.Plan.Experts.Select(expert => expert.Config), context.Budget.Bytes, largest, is4Bit: false);
        (string Stage, long Bytes)[] layers = [.. BuildStages.LayerChain
            .Select(stage => (stage.Declaration.Name, Bytes: DeviceNeed.LargestOf(context.Plan, stage))).Where(stage => stage.Bytes > 0)];
        IComputeBackend backend = model is null ? context.Plan.Backends.Layers : context.Plan.Backends.Model;
        return model is null && layers.Length == 0 ? null
            : new DevicePrediction(backend.DeviceMemory, backend.HasOwnMemory, model, largest.Volume / Patches.Size, layers);
    }
}
