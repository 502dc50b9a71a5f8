using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Timing;

/// <summary>Sizes of a build from its graph alone.</summary>
internal static class Predictions
{
    /// <summary>Bytes that missing actions will add to the store; the artifact's files share them on file systems that can.</summary>
    public static long StoreBytes(BuildGraph graph, IReadOnlyList<ActionEvent> actions)
    {
        HashSet<(string, string, string)> missing =
            [.. actions.Where(action => action.Outcome == ActionOutcome.Missing)
                .Select(action => (action.Stage, action.Expert, action.Name))];
        return graph.Actions.Where(action => missing.Contains((action.Stage.Name, action.Expert, action.Name)))
            .Sum(action => action.StoredBytes);
    }

    /// <summary>
    /// The most memory the process takes: the program, and the largest work that the budget lets run side by side, of encoding, of
    /// calibration and of the layers, with what the collector has not given back yet; work that is larger than the budget runs alone.
    /// </summary>
    public static long PeakBytes(BuildContext context, BuildGraph graph, IReadOnlyList<ExpertSource> sources)
    {
        WorkBudget budget = context.Budget;
        long layers = SideBySide(budget, graph.Chains.Select(chain => chain.Max(action => action.Bytes(threads: 1))));
        ActionNode[] samples = [.. graph.Actions.Where(action => action.Stage == BuildStages.Trajectory)];
        if (samples.Length == 0)
            return ProcessMemory.LimitFor(layers);
        long models = CalibrationModels.PlacementOf(context.Plan.Backends.Model, sources, budget).HostBytes;
        return ProcessMemory
            .LimitFor(Math.Max(Math.Max(layers, Encoding(context)),
                models + SideBySide(budget, samples.Select(action => action.Bytes(threads: 1)))));
    }

    /// <summary>
    /// Bytes that pictures and prompts take while they are encoded, one after the other; 0 without pictures, or where only headers are at
    /// hand.
    /// </summary>
    private static long Encoding(BuildContext context)
    {
        if (context.Plan.Location.HeadersOnly || SampleSet.Of(context.Plan.Manifest) is not { FromPictures: true } set)
            return 0;
        var encoders = EncoderSource.Open(context, context.Plan.Experts[0].Config);
        return set.Lines.Max(line =>
            BuildStages.Condition.Bytes(new ConditionSubject(context.Plan.Experts[0].Config, line, Source: encoders),
                context.Budget.Threads));
    }

    /// <summary>Bytes of the largest pieces of work together, as many as there are threads and as fit.</summary>
    private static long SideBySide(WorkBudget budget, IEnumerable<long> needs)
    {
        long sum = 0;
        foreach (long need in needs.OrderDescending().Take(budget.Threads))
        {
            if (sum == 0 || sum + need <= budget.Bytes)
                sum += need;
        }
        return sum;
    }
}
