using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Timing;

/// <summary>What workers of a build would do, from an empty store.</summary>
/// <param name="Workers">Each of them.</param>
/// <param name="LongestSample">Processor seconds of the longest sample: calibration cannot take less.</param>
/// <param name="LongestChain">Processor seconds of the longest chain of a layer: the layers cannot take less.</param>
internal sealed record ShardPrediction(IReadOnlyList<ShardPrediction.Worker> Workers, double LongestSample, double LongestChain)
{
    /// <summary>A worker.</summary>
    /// <param name="Samples">Its samples.</param>
    /// <param name="Layers">Its layers.</param>
    /// <param name="CalibrateSeconds">Processor seconds of its samples.</param>
    /// <param name="LayerSeconds">Processor seconds of its layers.</param>
    /// <param name="BytesIn">Recordings that it fetches.</param>
    /// <param name="BytesOut">Recordings and results that it writes.</param>
    internal sealed record Worker(int Samples, int Layers, double CalibrateSeconds, double LayerSeconds, long BytesIn, long BytesOut);

    /// <summary>
    /// The best time that any sharing of the layers could have over that of this one, at most 1: the mean load or the longest chain,
    /// whichever is more, over the largest load.
    /// </summary>
    public double Balance => Workers.Max(worker => worker.LayerSeconds) is > 0 and var most
        ? Math.Max(Workers.Average(worker => worker.LayerSeconds), LongestChain) / most
        : 1;

    /// <summary>Predicts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="samples">Its samples; null when what they lead to was recorded elsewhere.</param>
    /// <param name="count">Workers.</param>
    /// <param name="speed">The machines' speed.</param>
    public static ShardPrediction Of(Plan plan, SampleSet? samples, int count, MachineSpeed speed)
    {
        var graph = BuildGraph.Of(plan, null, samples);
        var parts = ShardParts.Of(graph, count);
        ILookup<string, ActionNode> trajectories = graph.Actions.Where(action => action.Stage == BuildStages.Trajectory)
            .ToLookup(action => action.Name, StringComparer.Ordinal);
        var chains = graph.Chains.Select(chain => chain.ToArray())
            .ToDictionary(chain => (chain[0].Expert, BuildGraph.LayerOf(chain[0].Name)), WithWhatItWaitsFor);
        var workers = new List<Worker>();
        for (int worker = 0; worker < count; worker++)
        {
            ActionNode[] own = [.. trajectories.Where(sample => parts.HasSample(worker, sample.Key)).SelectMany(sample => sample)];
            ActionNode[] layers = [.. parts.LayersOf(worker).SelectMany(layer => chains[layer]).Distinct()];
            long recordings = plan.Experts.Sum(expert => expert.Layers.Where(layer => parts.HasLayer(worker, expert.Name, layer))
                .Select(layer => (layer.Block, layer.Site)).Distinct().Sum(site => RecordingBytes(plan, expert, site.Site)));
            workers.Add(new Worker(own.Length, parts.LayersOf(worker).Count,
                Seconds(own.Concat(own.SelectMany(sample => sample.After)).Distinct()), Seconds(layers),
                recordings * trajectories.Count, own.Concat(layers).Sum(action => action.StoredBytes)));
        }
        return new ShardPrediction(workers, trajectories.SelectMany(sample => sample).Select(sample => Seconds([sample])).DefaultIfEmpty()
            .Max(),
            chains.Values.Select(Seconds).DefaultIfEmpty().Max());

        double Seconds(IEnumerable<ActionNode> actions) => actions.Sum(action => action.Seconds(speed));
    }

    /// <summary>Bytes that one sample leaves of a site.</summary>
    private static long RecordingBytes(Plan plan, ExpertPlan expert, WanSite site) => expert.Timesteps.Length
        * (long)ActivationRecorder.ChannelsOf(expert.Config, site) * ((2 * plan.Manifest.Calibration.TokensPerStep) + 4);

    private static IReadOnlyList<ActionNode> WithWhatItWaitsFor(ActionNode[] chain) =>
        [.. chain.Concat(chain.SelectMany(action => action.After).Where(before => before.Stage == BuildStages.Smooth)).Distinct()];
}
