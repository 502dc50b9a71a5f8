using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Actions;

/// <summary>
/// Passes everything to another observer except for warnings. The last part of a build reports those of the first part, too.
/// </summary>
/// <param name="observer">Follows the build.</param>
internal sealed class WithoutWarnings(IBuildObserver observer) : IBuildObserver
{
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
        if (diagnostic.Descriptor.Severity == Severity.Error)
            observer.Report(diagnostic);
    }
}
