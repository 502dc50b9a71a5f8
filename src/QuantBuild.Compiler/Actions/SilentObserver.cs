using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Actions;

/// <summary>Follows nothing.</summary>
internal sealed class SilentObserver : IBuildObserver
{
    private SilentObserver()
    {
    }

    /// <summary>The only one needed.</summary>
    public static SilentObserver Instance { get; } = new();

    /// <inheritdoc/>
    public void PhaseStarted(string name, int actions)
    {
    }

    /// <inheritdoc/>
    public void ActionStarted(ActionSpec action)
    {
    }

    /// <inheritdoc/>
    public void ActionFinished(ActionEvent action)
    {
    }

    /// <inheritdoc/>
    public void Waiting(ActionSpec action)
    {
    }

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic)
    {
    }
}
