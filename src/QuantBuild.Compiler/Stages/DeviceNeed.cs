using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Compiler.Stages;

/// <summary>The memory of a device that layers need, against what there is.</summary>
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
