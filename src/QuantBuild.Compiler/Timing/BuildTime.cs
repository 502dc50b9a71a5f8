using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Timing;

/// <summary>Predicts how long the actions take that the store does not have, from shapes and the speed of the machine.</summary>
internal static class BuildTime
{
    /// <summary>Processor time of a program that finds nothing to do: start, plan, compiled code of what runs.</summary>
    private const double Start = 1.5;

    /// <summary>What this process has measured, for stores that do not know it yet.</summary>
    private static MachineSpeed? _measured;

    /// <summary>Predicts; measures first when the store remembers no speed of this machine.</summary>
    /// <param name="session">The build, after it was looked at.</param>
    /// <param name="samples">Its calibration samples; null when what they lead to is recorded already.</param>
    public static TimePrediction Predict(CompileSession session, SampleSet? samples)
    {
        MachineSpeed? known = session.Options.MeasureSpeed ? null : MachineSpeed.Load(session.Store);
        MachineSpeed speed = known ?? (session.Options.MeasureSpeed ? null : _measured) ?? SpeedMeasurement.Run(session.Store, session.Context.Cancellation);
        if (known is null)
            speed.Save(session.Store);
        _measured = speed;
        return Predict(new ActionCosts(session.Plan, session.Sources, samples, speed), session.Runner.Trace, speed, session.Context.Budget.Threads);
    }

    /// <summary>The prediction for a speed.</summary>
    internal static TimePrediction Predict(ActionCosts costs, IReadOnlyList<ActionEvent> actions, MachineSpeed speed, int threads)
    {
        StageTime[] stages = [.. Stage.AllOf(actions.Any(action => action.Stage == Stage.Condition.Name)).Select(stage =>
        {
            ActionEvent[] all = [.. actions.Where(action => action.Stage == stage.Name)], missing = [.. all.Where(action => action.Outcome == ActionOutcome.Missing)];
            return new StageTime(stage.Name, all.Length, missing.Length, missing.Sum(action => costs.Of(action.Stage, action.Expert, action.Name)));
        })];
        return new TimePrediction(stages, threads, speed, stages.Any(stage => stage.Missing > 0) ? Start : 0);
    }
}
