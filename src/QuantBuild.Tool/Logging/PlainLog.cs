using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// A log of plain lines for files, CI systems and MSBuild: a line when a phase begins and one when it ends; what lies between is indented,
/// which is how the build's task tells milestones from details. Diagnostics go to standard output, where MSBuild looks for them.
/// </summary>
/// <param name="output">Takes diagnostics.</param>
/// <param name="error">Takes the log.</param>
/// <param name="verbose">Whether every executed action gets a line.</param>
internal sealed class PlainLog(TextWriter output, TextWriter error, bool verbose) : IBuildObserver, IDisposable
{
    /// <summary>A long phase says this often that it is alive.</summary>
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly BuildProgress _progress = new();
    private PhaseTally? _phase;
    private bool _waited;
    private long _lastPulse;

    /// <inheritdoc/>
    public void Planned(IReadOnlyList<PlannedAction> actions)
    {
        lock (_gate)
            _progress.Plan(actions);
    }

    /// <inheritdoc/>
    public void PhaseStarted(string name, int actions)
    {
        lock (_gate)
        {
            EndPhase();
            _progress.Begin(name, actions);
            _phase = new PhaseTally(name, actions);
            _waited = false;
            _lastPulse = Stopwatch.GetTimestamp();
            error.WriteLine($"{name}: {Quantity.Count(actions, "action")}");
        }
    }

    /// <inheritdoc/>
    public void ActionStarted(ActionSpec action)
    {
        lock (_gate)
            _progress.Begin(action, waits: false);
    }

    /// <inheritdoc/>
    public void ActionFinished(ActionEvent action)
    {
        lock (_gate)
        {
            _progress.Finish(action);
            _phase?.Count(action);
            if (verbose && action.Outcome == ActionOutcome.Ran)
                error.WriteLine($"  {action.Stage} {Label(action.Expert, action.Name)}: {Quantity.Duration(TimeSpan.FromSeconds(action.Seconds))}");
            else if (_phase is { } phase && _progress.Left is { } left && Stopwatch.GetElapsedTime(_lastPulse) > Pulse)
            {
                error.WriteLine($"  {phase.Position}, {Quantity.Duration(left)} left{(phase.Actions < _progress.Actions ? " in all" : "")}");
                _lastPulse = Stopwatch.GetTimestamp();
            }
        }
    }

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
        lock (_gate)
        {
            if (_waited && !verbose)
                return;
            _waited = true;
            error.WriteLine($"  waiting for another build that is doing {action.Stage.Name} {Label(action.Expert, action.Name)}");
        }
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
        lock (_gate)
            output.WriteLine(diagnostic);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            EndPhase();
    }

    private static string Label(string expert, string name) => expert.Length == 0 ? name : $"{expert} {name}";

    private void EndPhase()
    {
        if (_phase is { } ended)
            error.WriteLine(ended);
        _phase = null;
    }
}
