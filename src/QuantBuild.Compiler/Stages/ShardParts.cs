using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Parts of a build for several workers: samples and chains of layers, shared by predicted cost. It follows from the graph and the speed
/// of a typical machine alone, so that every worker finds the same.
/// </summary>
internal sealed class ShardParts
{
    private readonly HashSet<string>[] _samples;
    private readonly HashSet<(string Expert, string Layer)>[] _layers;

    private ShardParts(HashSet<string>[] samples, HashSet<(string Expert, string Layer)>[] layers) =>
        (_samples, _layers) = (samples, layers);

    /// <summary>Shares a whole build.</summary>
    /// <param name="graph">The build.</param>
    /// <param name="count">Workers.</param>
    public static ShardParts Of(BuildGraph graph, int count)
    {
        ActionNode[] samples = [.. graph.Actions.Where(action => action.Stage == BuildStages.Trajectory)];
        var chains = graph.Chains.Select(chain => chain.ToArray())
            .ToDictionary(chain => $"{chain[0].Expert} {BuildGraph.LayerOf(chain[0].Name)}", StringComparer.Ordinal);
        return new ShardParts(
            [.. LongestFirst.Share(samples.Select(sample => (sample.Name, CostOf(sample))), count)
                .Select(share => share.ToHashSet(StringComparer.Ordinal))],
            [.. LongestFirst.Share(chains.Select(chain => (chain.Key, CostOf(chain.Value))), count)
                .Select(share => share.Select(name => (chains[name][0].Expert, BuildGraph.LayerOf(chains[name][0].Name))).ToHashSet())]);
    }

    /// <summary>Whether a sample is a worker's.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="sample">Name of its Trajectory action.</param>
    public bool HasSample(int worker, string sample) => _samples[worker].Contains(sample);

    /// <summary>Whether a layer is a worker's.</summary>
    public bool HasLayer(int worker, string expert, LayerPlan layer) => _layers[worker].Contains((expert, layer.Name));

    /// <summary>How many samples a worker has.</summary>
    public int SamplesOf(int worker) => _samples[worker].Count;

    /// <summary>The layers of a worker.</summary>
    public IReadOnlyCollection<(string Expert, string Layer)> LayersOf(int worker) => _layers[worker];

    /// <summary>Predicted seconds of a chain of actions, with what only it waits for but for recordings.</summary>
    internal static double CostOf(params IReadOnlyList<ActionNode> chain) => chain
        .Concat(chain.SelectMany(action => action.After).Where(before => before.Stage != BuildStages.Trajectory && !chain.Contains(before)))
        .Distinct().Sum(action => action.Seconds(MachineSpeed.Typical));
}
