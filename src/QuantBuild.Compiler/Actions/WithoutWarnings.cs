using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Actions;

/// <summary>Hands on everything but warnings: those of the first part of a build are told by the last.</summary>
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
