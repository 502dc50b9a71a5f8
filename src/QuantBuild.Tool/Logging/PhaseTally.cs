using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Logging;

/// <summary>Counts the actions of one phase. Not synchronized: its log is.</summary>
/// <param name="name">What a person calls the phase.</param>
/// <param name="actions">Number of actions announced.</param>
internal sealed class PhaseTally(string name, int actions)
{
    /// <summary>Estimates from less than this say nothing.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly List<string> _running = [];

    private readonly long _start = Stopwatch.GetTimestamp();

    public string Name => name;

    public int Actions => actions;

    public int Ran { get; private set; }

    public int Cached { get; private set; }

    public int Finished => Ran + Cached;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Time the rest would take at the pace so far; null while that is a guess.</summary>
    public TimeSpan? Left => Ran > 0 && Elapsed > Settled ? Elapsed / Finished * Math.Max(0, actions - Finished) : null;

    /// <summary>What is being worked on: the action that began last of those that have not ended, such as <c>Gptq low_noise blocks.3.ffn.2</c>.</summary>
    public string? Current { get; private set; }

    /// <summary>Notes an action that is executed.</summary>
    public void Begin(ActionSpec action)
    {
        _running.Add(NameOf(action.Stage.Name, action.Expert, action.Name));
        Show();
    }

    /// <summary>Counts a finished action.</summary>
    public void Count(ActionEvent action)
    {
        if (_running.Remove(NameOf(action.Stage, action.Expert, action.Name)))
            Show();
        if (action.Outcome == ActionOutcome.Ran)
            Ran++;
        else
            Cached++;
    }

    /// <summary>How far it is, such as <c>240 of 720, 35 s left</c>.</summary>
    public string Position => string.Create(CultureInfo.InvariantCulture, $"{Finished} of {actions}{(Left is { } left ? $", {Quantity.Duration(left)} left" : "")}");

    /// <summary>Its result, such as <c>Quantize: 84 of 720 actions ran, 636 cached, 12.3 s</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{name}: {Ran} of {Quantity.Count(Math.Max(actions, Finished), "action")} ran, {Cached} cached, {Quantity.Duration(Elapsed)}");

    /// <summary>The display reads this from a thread of its own, so it is one text and not a list.</summary>
    private void Show() => Current = _running.Count == 0 ? null
        : _running[^1] + (_running.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (+{_running.Count - 1})"));

    private static string NameOf(string stage, string expert, string name) => string.Join(' ', new[] { stage, expert, name }.Where(part => part.Length > 0));
}
