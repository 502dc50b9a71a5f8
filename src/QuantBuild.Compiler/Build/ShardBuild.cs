using System.Collections.Concurrent;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>A worker's part of a build: its samples, then its layers. What others do is only looked for.</summary>
internal static class ShardBuild
{
    /// <summary>Records a worker's samples.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="parts">Whose are which.</param>
    /// <param name="shard">The worker.</param>
    /// <param name="observer">Follows the work.</param>
    public static void Calibrate(BuildContext context, IReadOnlyList<ExpertSource> sources, ShardParts parts, Shard shard,
        IBuildObserver observer)
    {
        if (ModelBuild.SamplesOf(context.Plan) is not { } samples || parts.SamplesOf(shard.Index) == 0)
            return;
        SampleSet own = samples with
        {
            Lines = [.. samples.Lines.Where(line => parts.HasSample(shard.Index, TrajectoryStage.NameOf(line.Id)))],
        };
        ModelBuild.Record(context, sources, own, observer).Dispose();
    }

    /// <summary>Builds a worker's layers.</summary>
    /// <param name="context">The build.</param>
    /// <param name="sources">Both experts, open.</param>
    /// <param name="parts">Whose are which.</param>
    /// <param name="shard">The worker.</param>
    /// <param name="observer">Follows the work.</param>
    /// <exception cref="DiagnosticException">
    /// Others have not recorded all samples yet (QB4100), or layers failed, which are named (QB4101).
    /// </exception>
    public static void Quantize(BuildContext context, IReadOnlyList<ExpertSource> sources, ShardParts parts, Shard shard,
        IBuildObserver observer)
    {
        SampleSet? samples = ModelBuild.SamplesOf(context.Plan);
        using Recordings recorded = ModelBuild.Record(context with { Runner = context.Runner.ForLooking() }, sources, samples,
            SilentObserver.Instance);
        if (recorded.BySite is null)
            throw new DiagnosticException(Descriptors.ShardTooEarly.At(null, shard));
        bool IsOwn(string expert, LayerPlan layer) => parts.HasLayer(shard.Index, expert, layer);
        var layers = new ConcurrentDictionary<(string Expert, string Layer), BuiltLayer>();
        try
        {
            var graph = BuildGraph.Of(context.Plan, null, null, IsOwn);
            ModelBuild.Announce(context, graph, observer);
            ModelBuild.Quantize(context, sources, recorded.BySite, graph, observer, IsOwn, layers);
        }
        catch (DiagnosticException failure)
        {
            string[] undone = [.. parts.LayersOf(shard.Index).Where(layer => !layers.ContainsKey(layer))
                .Select(layer => $"{layer.Expert} {layer.Layer}").Order(StringComparer.Ordinal)];
            throw new DiagnosticException([.. failure.Diagnostics,
                Descriptors.ShardFailed.At(null, shard, undone.Length, string.Join(", ", undone))]);
        }
        ModelBuild.Warn(layers, observer);
    }
}
