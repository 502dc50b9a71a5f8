using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Stages;

/// <summary>Does something when the first action of a stage is about to be executed.</summary>
internal sealed class BeforeFirst(string stage, Action what) : IBuildObserver
{
    private int _seen;

    public void PhaseStarted(string name, int actions)
    {
    }

    public void ActionStarted(ActionSpec action)
    {
        if (action.Stage.Name == stage && Interlocked.Increment(ref _seen) == 1)
            what();
    }

    public void ActionFinished(ActionEvent action)
    {
    }

    public void Waiting(ActionSpec action)
    {
    }

    public void Report(Diagnostic diagnostic)
    {
    }
}
