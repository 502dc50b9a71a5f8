using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Actions;

/// <summary>
/// Passes everything to another observer, except for a diagnostic that it reported before: repeated work reports the same again.
/// </summary>
/// <param name="observer">Follows the build.</param>
internal sealed class NothingTwice(IBuildObserver observer) : IBuildObserver
{
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Planned(IReadOnlyList<PlannedAction> actions) => observer.Planned(actions);

    /// <inheritdoc/>
    public void PhaseStarted(string name, int actions) => observer.PhaseStarted(name, actions);

    /// <inheritdoc/>
    public void ActionStarted(ActionSpec action) => observer.ActionStarted(action);

    /// <inheritdoc/>
    public void ActionFinished(ActionEvent action) => observer.ActionFinished(action);

    /// <inheritdoc/>
    public void Waiting(ActionSpec action) => observer.Waiting(action);

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
        if (_told.TryAdd(diagnostic.ToString(), true))
            observer.Report(diagnostic);
    }
}
