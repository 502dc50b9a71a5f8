using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Logging;

/// <summary>Counts the actions of one phase. Not synchronized: its log is.</summary>
/// <param name="name">What a person calls the phase.</param>
/// <param name="actions">Number of actions announced.</param>
internal sealed class PhaseTally(string name, int actions)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _ran;
    private int _cached;

    public string Name => name;

    public int Actions => actions;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Counts a finished action.</summary>
    public void Count(ActionEvent action)
    {
        if (action.Outcome == ActionOutcome.Ran)
            _ran++;
        else
            _cached++;
    }

    /// <summary>Whether every action is done, and only what belongs to none is left, such as files to be written.</summary>
    public bool IsOver => _ran + _cached >= actions;

    /// <summary>How far it is, such as <c>240 of 720 actions</c>.</summary>
    public string Position =>
        string.Create(CultureInfo.InvariantCulture, $"{_ran + _cached} of {Quantity.Count(Math.Max(actions, _ran + _cached), "action")}");

    /// <summary>Its result, such as <c>Quantize: 84 of 720 actions ran, 636 cached, 12.3 s</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{name}: {_ran} of {Quantity.Count(Math.Max(actions, _ran + _cached), "action")} ran, {_cached} cached, "
            + $"{Quantity.Duration(Elapsed)}");
}
