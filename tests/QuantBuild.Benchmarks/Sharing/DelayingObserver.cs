using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>Holds up every action before it is executed, for a time that stands for a larger model's.</summary>
/// <param name="delays">Seconds of every action, by stage, expert and name.</param>
internal sealed class DelayingObserver(IReadOnlyDictionary<(string Stage, string Expert, string Name), double> delays) : IBuildObserver
{
    public void PhaseStarted(string name, int actions)
    {
    }

    public void ActionStarted(ActionSpec action)
    {
        if (delays.TryGetValue((action.Stage.Name, action.Expert, action.Name), out double seconds))
            Thread.Sleep(TimeSpan.FromSeconds(seconds));
    }

    public void ActionFinished(ActionEvent action)
    {
    }

    public void Waiting(ActionSpec action)
    {
    }

    public void Report(Diagnostic diagnostic)
    {
        if (diagnostic.Descriptor != Descriptors.BinWithFewTokens)
            Console.Error.WriteLine(diagnostic);
    }
}
