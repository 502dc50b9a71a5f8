using System.Collections.Concurrent;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Stages;

/// <summary>Keeps what a build reports.</summary>
internal sealed class Warnings : IBuildObserver
{
    public ConcurrentQueue<Diagnostic> Reported { get; } = [];

    public void PhaseStarted(string name, int actions)
    {
    }

    public void ActionStarted(ActionSpec action)
    {
    }

    public void ActionFinished(ActionEvent action)
    {
    }

    public void Waiting(ActionSpec action)
    {
    }

    public void Report(Diagnostic diagnostic) => Reported.Enqueue(diagnostic);
}
