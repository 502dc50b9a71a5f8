using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>What every stage of one build needs.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Runner">Runs actions.</param>
/// <param name="Budget">Memory and threads of the whole build.</param>
/// <param name="Cancellation">Stops it.</param>
public sealed record BuildContext(Plan Plan, StageRunner Runner, WorkBudget Budget, CancellationToken Cancellation)
{
    /// <summary>The store behind <see cref="Runner"/>.</summary>
    public ContentStore Store => Runner.Store;

    /// <summary>Runs an action under the budget; null only when nothing is executed and the store does not have the result.</summary>
    /// <param name="spec">The action.</param>
    /// <param name="need">Bytes it needs with a number of threads.</param>
    /// <param name="work">Executes it with the threads it is given.</param>
    /// <param name="before">Called before an execution, to refuse what would fail later; null for nothing.</param>
    internal ActionRecord? Run(ActionSpec spec, Func<int, long> need, Func<int, IReadOnlyDictionary<string, BlobRef>> work, Action? before = null)
    {
        WorkLease? lease = null;
        try
        {
            return Runner.Run(spec, () => work(lease!.Threads), Cancellation, () =>
            {
                before?.Invoke();
                lease = Budget.Enter(spec.ToString(), need, Cancellation);
            });
        }
        finally
        {
            LargeArrays.Reclaim(lease?.Bytes ?? 0, Budget);
            lease?.Dispose();
        }
    }
}
