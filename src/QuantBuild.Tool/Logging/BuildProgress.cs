using QuantBuild.Compiler.Actions;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// What logs know of the work: the stages with their actions, what is being worked on, and the time left. Not synchronized: the logs are.
/// </summary>
/// <param name="clock">Left out, the system's.</param>
internal sealed class BuildProgress(TimeProvider? clock = null)
{
    /// <summary>Estimates from less than this say nothing.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly Dictionary<(string Stage, string Expert, string Name), double> _planned = [];
    private readonly List<StageProgress> _stages = [];
    private readonly List<RunningAction> _running = [];
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private long? _start;
    private StageProgress? _unplanned;

    /// <summary>The stages, in the order of work; a phase of unknown actions counts as one.</summary>
    public IReadOnlyList<StageProgress> Stages => _stages;

    /// <summary>Actions of all stages.</summary>
    public int Actions => _stages.Sum(stage => stage.Actions);

    /// <summary>What is being worked on, the longest first.</summary>
    public IReadOnlyList<RunningAction> Running => _running;

    /// <summary>What the running phase is called; null before the first.</summary>
    public string? Phase { get; private set; }

    /// <summary>Since the first phase began.</summary>
    public TimeSpan Elapsed => _start is { } start ? _clock.GetElapsedTime(start) : TimeSpan.Zero;

    /// <summary>Notes actions that are to come.</summary>
    public void Plan(IReadOnlyList<PlannedAction> actions)
    {
        foreach (PlannedAction action in actions)
        {
            StageProgress stage = StageOf(action.Stage);
            if (!_planned.TryAdd((action.Stage, action.Expert, action.Name), action.Seconds))
                continue;
            stage.Actions++;
            stage.Remaining += action.Seconds;
        }
    }

    /// <summary>Notes the beginning of a phase.</summary>
    public void Begin(string phase, int actions)
    {
        _start ??= _clock.GetTimestamp();
        EndPhase();
        Phase = phase;
        if (_planned.Count > 0)
            return;
        _unplanned = StageOf(phase);
        _unplanned.Actions += actions;
        _unplanned.Remaining += actions;
    }

    /// <summary>Notes an action that is executed, or waited for.</summary>
    public void Begin(ActionSpec action, bool waits)
    {
        Forget(action.Stage.Name, action.Expert, action.Name);
        _running.Add(new RunningAction(action.Stage.Name, action.Expert, action.Name, waits, _clock));
    }

    /// <summary>Counts a finished action.</summary>
    public void Finish(ActionEvent action)
    {
        Forget(action.Stage, action.Expert, action.Name);
        bool known = _planned.Remove((action.Stage, action.Expert, action.Name), out double expected);
        if (!known && _unplanned is null)
            return;
        StageProgress stage = known ? StageOf(action.Stage) : _unplanned!;
        expected = known ? expected : 1;
        stage.Actions = Math.Max(stage.Actions, stage.Finished + 1);
        stage.Remaining = Math.Max(0, stage.Remaining - expected);
        if (action.Outcome != ActionOutcome.Ran)
        {
            stage.Cached++;
            return;
        }
        stage.Ran++;
        stage.Work += action.Seconds;
        stage.Expected += expected;
    }

    /// <summary>Ends the running phase: one that had no action, such as a look at a repository, leaves no stage.</summary>
    public void EndPhase()
    {
        if (_unplanned is { Finished: 0 } empty)
            _stages.Remove(empty);
        _unplanned = null;
        Phase = null;
    }

    /// <summary>
    /// Time until all known actions have ended, by how long those took that have, or what the plan expected of them; null while that is a
    /// guess.
    /// </summary>
    public TimeSpan? Left
    {
        get
        {
            double remaining = _stages.Sum(WorkLeft);
            if (Elapsed < Settled || (_unplanned is { Ran: 0 } && _planned.Count == 0) || remaining == 0)
                return null;
            return TimeSpan.FromSeconds(remaining / SideBySide);
        }
    }

    /// <summary>Time left of the actions of a stage, as its part of <see cref="Left"/>.</summary>
    public TimeSpan? LeftOf(StageProgress stage) => Left is null ? null : TimeSpan.FromSeconds(WorkLeft(stage) / SideBySide);

    /// <summary>Time left of a layer that is being worked on, which one thread does after the other.</summary>
    public TimeSpan? LeftOf(RunningAction action)
    {
        if (Left is null || !_planned.ContainsKey((action.Stage, action.Expert, action.Name)))
            return null;
        double seconds =
            _planned.Where(planned => planned.Key.Expert == action.Expert
                && (planned.Key.Name == action.Layer || planned.Key.Name.StartsWith(action.Layer + "/", StringComparison.Ordinal)))
            .Sum(planned => planned.Value * Pace(StageOf(planned.Key.Stage)));
        return TimeSpan.FromSeconds(Math.Max(0, seconds - action.Elapsed.TotalSeconds));
    }

    /// <summary>Seconds of work that a stage has left, less what its running actions have done.</summary>
    private double WorkLeft(StageProgress stage)
    {
        double pace = Pace(stage);
        double begun = _running.Where(action => action.Stage == stage.Name && !action.Waits)
            .Sum(action =>
                Math.Min(action.Elapsed.TotalSeconds, pace * _planned.GetValueOrDefault((action.Stage, action.Expert, action.Name))));
        return Math.Max(0, (stage.Remaining * pace) - begun);
    }

    /// <summary>Seconds per expected second: of the stage once some of it ran, else of all.</summary>
    private double Pace(StageProgress stage)
    {
        double work = stage.Work, expected = stage.Expected;
        if (expected == 0)
            (work, expected) = (_stages.Sum(one => one.Work), _stages.Sum(one => one.Expected));
        return expected == 0 ? 1 : work / expected;
    }

    /// <summary>Seconds of work per second on the clock so far.</summary>
    private double SideBySide =>
        Math.Max(0.5,
            (_stages.Sum(stage => stage.Work) + _running.Where(action => !action.Waits).Sum(action => action.Elapsed.TotalSeconds))
                / Elapsed.TotalSeconds);

    private StageProgress StageOf(string name)
    {
        if (_stages.Find(stage => stage.Name == name) is { } found)
            return found;
        var added = new StageProgress(name);
        _stages.Add(added);
        return added;
    }

    private void Forget(string stage, string expert, string name) =>
        _running.RemoveAll(action => action.Stage == stage && action.Expert == expert && action.Name == name);
}
