using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Stages;

/// <summary>Cancels a build after a number of finished actions.</summary>
internal sealed class CancelAfter(CancellationTokenSource cancellation, int actions) : IBuildObserver
{
    private int _finished;

    public void PhaseStarted(string name, int actions)
    {
    }

    public void ActionStarted(ActionSpec action)
    {
    }

    public void ActionFinished(ActionEvent action)
    {
        if (Interlocked.Increment(ref _finished) == actions)
            cancellation.Cancel();
    }

    public void Waiting(ActionSpec action)
    {
    }

    public void Report(Diagnostic diagnostic)
    {
    }
}
