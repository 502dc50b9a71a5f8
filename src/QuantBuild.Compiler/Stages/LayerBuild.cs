using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>The chain of actions of one layer: <see cref="BuildStages.LayerChain"/>.</summary>
internal static class LayerBuild
{
    /// <summary>Builds a layer; null when the runner only looks and something is missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">Its expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="smooth">Its smoothing vector; null for none.</param>
    /// <param name="recordings">Its site's recordings.</param>
    /// <param name="last">The last stage to run; null for the whole chain.</param>
    public static BuiltLayer? Run(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth,
        IReadOnlyList<Recording> recordings, ILayerStage? last = null)
    {
        using var work = new LayerWork(context, source, layer, smooth, recordings);
        int count = last is null ? BuildStages.LayerChain.Length : BuildStages.LayerChain.IndexOf(last) + 1;
        return BuildStages.LayerChain.Take(count).All(stage => stage.Run(work)) ? work.Finish() : null;
    }

    /// <summary>Nodes of a layer's actions.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="expert">Its expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="before">What the first of them waits for.</param>
    public static IEnumerable<ActionNode> Nodes(Plan plan, ExpertPlan expert, LayerPlan layer, IReadOnlyList<ActionNode> before)
    {
        IReadOnlyList<ActionNode> after = before;
        foreach (ILayerStage stage in BuildStages.LayerChain)
        {
            ActionNode[] nodes = [.. stage.SubjectsOf(plan, expert, layer).Select(subject => stage.Declaration.Node(subject, after))];
            if (nodes.Length > 0)
                after = nodes;
            foreach (ActionNode node in nodes)
                yield return node;
        }
    }

    /// <summary>Bytes of memory that a layer holds at its peak, from a stage of its chain on.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="expert">Its expert.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="from">The first stage that has to be executed; null for the whole chain.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public static long Bytes(Plan plan, ExpertPlan expert, LayerPlan layer, Stage? from, int threads) => ChainFrom(from)
        .Max(stage => stage.SubjectsOf(plan, expert, layer).Select(subject => stage.Declaration.Bytes(subject, threads)).DefaultIfEmpty()
            .Max());

    /// <summary>The chain from a stage on; a stage beside the chain alone.</summary>
    internal static IEnumerable<ILayerStage> ChainFrom(Stage? from) => from is ILayerStage one && !BuildStages.LayerChain.Contains(one)
        ? [one]
        : BuildStages.LayerChain.SkipWhile(stage => from is not null && stage.Declaration != from);

    /// <summary>Bytes that every layer of a plan holds at its peak, on one thread.</summary>
    public static IEnumerable<(string Name, long Bytes)> Needs(Plan plan) => plan.Experts.SelectMany(expert => expert.Layers
        .Where(layer => layer.Recipe.Precision != Precision.BF16)
        .Select(layer => ($"{expert.Name} {layer.Name}", Bytes(plan, expert, layer, from: null, threads: 1))));
}
