using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Timing;

namespace QuantBuild.Compiler.Operations;

/// <summary>Predicts how long the actions take that the store does not have, from shapes and the speed of the machine.</summary>
internal static class BuildTime
{
    /// <summary>Processor time of a program that finds nothing to do: start, plan, compiled code of what runs.</summary>
    private const double Start = 1.5;

    /// <summary>What this process has measured, for stores that do not know it yet.</summary>
    private static MachineSpeed? _measured;

    /// <summary>Predicts; measures first when the store remembers no speed of this machine.</summary>
    /// <param name="session">The build, after it was looked at.</param>
    /// <param name="graph">Its actions.</param>
    public static TimePrediction Predict(CompileSession session, BuildGraph graph)
    {
        MachineSpeed? known = session.Options.MeasureSpeed ? null : MachineSpeed.Load(session.Store);
        MachineSpeed speed = known ?? (session.Options.MeasureSpeed ? null : _measured)
            ?? SpeedMeasurement.Run(session.Store, session.Context.Cancellation);
        if (known is null)
            speed.Save(session.Store);
        _measured = speed;
        HashSet<string> missing = [.. session.Runner.Trace.Where(action => action.Outcome == ActionOutcome.Missing)
            .Select(action => action.Stage)];
        HashSet<ComputeGroup> needed = [.. graph.Actions.Select(action => action.Stage).Where(stage => missing.Contains(stage.Name))
            .Select(stage => stage.Group)];
        return Predict(graph, session.Runner.Trace, StageSpeeds.Of(speed, session.Plan.Backends, needed), session.Context.Budget.Threads);
    }

    /// <summary>The prediction for some speeds.</summary>
    internal static TimePrediction Predict(BuildGraph graph, IReadOnlyList<ActionEvent> actions, StageSpeeds speeds, int threads)
    {
        HashSet<(string, string, string)> missing =
            [.. actions.Where(action => action.Outcome == ActionOutcome.Missing)
                .Select(action => (action.Stage, action.Expert, action.Name))];
        StageTime[] stages = [.. graph.Actions.GroupBy(action => action.Stage).Select(stage =>
        {
            ActionNode[] left = [.. stage.Where(action => missing.Contains((action.Stage.Name, action.Expert, action.Name)))];
            MachineSpeed? device = speeds.OnDevice(stage.Key);
            return new StageTime(stage.Key.Name, stage.Count(), left.Length,
                left.Sum(action => action.Seconds(device ?? speeds.Processor)), device is not null);
        })];
        return new TimePrediction(stages, threads, speeds.Processor, stages.Any(stage => stage.Missing > 0) ? Start : 0);
    }
}
