using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Actions;

/// <summary>Follows a build. Calls may come from several threads at once.</summary>
internal interface IBuildObserver
{
    /// <summary>
    /// Tells what the next phases will ask for, in the order in which they begin. Not every phase is told of: an evaluation's, for example,
    /// is not.
    /// </summary>
    /// <param name="actions">The actions; every one of them ends, unless the build fails.</param>
    void Planned(IReadOnlyList<PlannedAction> actions)
    {
    }

    /// <summary>A part of the build begins.</summary>
    /// <param name="name">What a person would call it, such as "Calibrate".</param>
    /// <param name="actions">Number of actions it consists of.</param>
    void PhaseStarted(string name, int actions);

    /// <summary>An action is about to be executed: it was not in the store.</summary>
    void ActionStarted(ActionSpec action);

    /// <summary>An action ended.</summary>
    void ActionFinished(ActionEvent action);

    /// <summary>Another process is executing the same action; this one waits for its result.</summary>
    void Waiting(ActionSpec action);

    /// <summary>Something the user should know.</summary>
    void Report(Diagnostic diagnostic);
}
