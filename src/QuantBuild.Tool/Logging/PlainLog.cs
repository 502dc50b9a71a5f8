using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// A log of plain lines for files, CI systems and MSBuild: a line when a phase begins, one every few seconds while it lasts, and one when
/// it ends. Details are indented, which is how the build's task tells them from what a person wants to see. Diagnostics go to standard
/// output, where MSBuild looks for them.
/// </summary>
[SuppressMessage("Usage", "CA2213:Disposable fields should be disposed", Justification = "The writers are the caller's.")]
internal sealed class PlainLog : IBuildObserver, IDisposable
{
    /// <summary>A long phase says this often how far it is.</summary>
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly BuildProgress _progress = new();
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly bool _verbose;
    private readonly string _detail;
    private readonly Timer _timer;
    private PhaseTally? _phase;
    private bool _waited;

    /// <summary>Opens the log.</summary>
    /// <param name="output">Takes diagnostics.</param>
    /// <param name="error">Takes the log.</param>
    /// <param name="verbose">Whether every executed action gets a line.</param>
    /// <param name="nested">
    /// Whether a build step shows the log. The build step reports itself when stages begin and end, so that these lines are details there.
    /// </param>
    /// <param name="pulse">How often a long phase says how far it is; null for every ten seconds.</param>
    public PlainLog(TextWriter output, TextWriter error, bool verbose, bool nested = false, TimeSpan? pulse = null)
    {
        _output = output;
        _error = error;
        _verbose = verbose;
        _detail = nested ? "  " : "";
        _timer = new Timer(_ => Beat(), null, pulse ?? Pulse, pulse ?? Pulse);
    }

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
            _error.WriteLine($"{_detail}{name}: {Quantity.Count(actions, "action")}");
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
            if (_verbose && action.Outcome == ActionOutcome.Ran)
                _error.WriteLine(
                    $"  {action.Stage} {Label(action.Expert, action.Name)}: {Quantity.Duration(TimeSpan.FromSeconds(action.Seconds))}");
        }
    }

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
        lock (_gate)
        {
            if (_waited && !_verbose)
                return;
            _waited = true;
            _error.WriteLine($"waiting for another build that is doing {action.Stage.Name} {Label(action.Expert, action.Name)}");
        }
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
        lock (_gate)
            DiagnosticLines.Write(_output, diagnostic, _verbose);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
            EndPhase();
    }

    /// <summary>
    /// Says how far the phase is, by the clock: an action of a large model takes longer than anybody waits for a sign of life.
    /// </summary>
    private void Beat()
    {
        lock (_gate)
        {
            if (_phase is not { } phase)
                return;
            string time = _progress.Left is { } left && !phase.IsOver
                ? $"{Quantity.Duration(left)} left{(phase.Actions < _progress.Actions ? " in all" : "")}"
                : $"{Quantity.Duration(phase.Elapsed)} so far";
            _error.WriteLine($"{phase.Name}: {phase.Position}, {time}");
        }
    }

    private static string Label(string expert, string name) => expert.Length == 0 ? name : $"{expert} {name}";

    private void EndPhase()
    {
        if (_phase is { } ended)
            _error.WriteLine($"{_detail}{ended}");
        _phase = null;
    }
}
