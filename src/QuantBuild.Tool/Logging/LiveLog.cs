using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using Spectre.Console;

namespace QuantBuild.Tool.Logging;

/// <summary>
/// A log for a person at a terminal: a table of stages and layers, drawn again and again. Diagnostics wait until the display has ended.
/// </summary>
internal sealed class LiveLog : IBuildObserver, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);

    private readonly Lock _gate = new();
    private readonly IAnsiConsole _terminal;
    private readonly LiveRegion _region;
    private readonly BuildProgress _progress = new();
    private readonly Action<Diagnostic> _report;
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly Timer _timer;
    private readonly CancellationTokenRegistration _interruption;
    private bool _ended;

    /// <summary>Starts the display.</summary>
    /// <param name="terminal">Where to draw.</param>
    /// <param name="report">Takes the diagnostics at the end.</param>
    /// <param name="cancellation">Ends the display, so that it is in nobody's way while the work winds down.</param>
    public LiveLog(IAnsiConsole terminal, Action<Diagnostic> report, CancellationToken cancellation)
    {
        _terminal = terminal;
        _region = new LiveRegion(terminal);
        _report = report;
        _timer = new Timer(_ => Draw(), null, Interval, Interval);
        _interruption = cancellation.Register(End);
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
            _progress.Begin(name, actions);
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
            _progress.Finish(action);
    }

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
        lock (_gate)
            _progress.Begin(action, waits: true);
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
        lock (_gate)
            _diagnostics.Add(diagnostic);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interruption.Dispose();
        End();
        _timer.Dispose();
        _diagnostics.ForEach(_report);
    }

    private void Draw()
    {
        lock (_gate)
        {
            if (!_ended && _progress.Phase is not null)
                _region.Draw(LiveTable.Of(_progress, _terminal.Profile.Width));
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            _progress.EndPhase();
            _region.Draw(LiveTable.Ended(_progress, _terminal.Profile.Width));
        }
    }
}
