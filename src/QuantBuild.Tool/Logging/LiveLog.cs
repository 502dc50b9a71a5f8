using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using Spectre.Console;

namespace QuantBuild.Tool.Logging;

/// <summary>A log for a person at a terminal: a bar per phase with its counts, the time left and what is being worked on. Diagnostics wait until the display has ended.</summary>
internal sealed class LiveLog : IBuildObserver, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Action<Diagnostic> _report;
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly ManualResetEventSlim _ended = new();
    private readonly ProgressContext _context;
    private readonly Task _display;
    private ProgressTask? _bar;
    private PhaseTally? _phase;

    /// <summary>Starts the display.</summary>
    /// <param name="terminal">Where to draw.</param>
    /// <param name="report">Takes the diagnostics at the end.</param>
    public LiveLog(IAnsiConsole terminal, Action<Diagnostic> report)
    {
        _report = report;
        var started = new TaskCompletionSource<ProgressContext>();
        _display = Task.Factory.StartNew(() => Show(terminal, started), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _context = started.Task.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void PhaseStarted(string name, int actions)
    {
        lock (_gate)
        {
            EndPhase();
            _phase = new PhaseTally(name, actions);
            _bar = _context.AddTask(Markup.Escape(name), autoStart: true, maxValue: Math.Max(1, actions));
            _bar.Tag = _phase;
        }
    }

    /// <inheritdoc/>
    public void ActionStarted(ActionSpec action)
    {
        lock (_gate)
            _phase?.Begin(action);
    }

    /// <inheritdoc/>
    public void ActionFinished(ActionEvent action)
    {
        lock (_gate)
        {
            _phase?.Count(action);
            _bar?.Value(_phase!.Finished);
        }
    }

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
        lock (_gate)
            _bar?.Description(Markup.Escape($"{_phase!.Name} (waiting for another build)"));
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
        lock (_gate)
            EndPhase();
        _ended.Set();
        _display.GetAwaiter().GetResult();
        _ended.Dispose();
        _diagnostics.ForEach(_report);
    }

    private void Show(IAnsiConsole terminal, TaskCompletionSource<ProgressContext> started) => terminal.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PhaseColumn())
        .Start(context =>
        {
            started.SetResult(context);
            _ended.Wait();
        });

    private void EndPhase()
    {
        _bar?.Description(Markup.Escape(_phase!.Name));
        _bar?.StopTask();
        _bar = null;
        _phase = null;
    }
}
