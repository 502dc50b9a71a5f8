using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>What every stage of one build needs.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Runner">Runs actions.</param>
/// <param name="Budget">Memory and threads of the whole build.</param>
/// <param name="Cancellation">Stops it.</param>
internal sealed record BuildContext(Plan Plan, StageRunner Runner, WorkBudget Budget, CancellationToken Cancellation)
{
    /// <summary>Content of results.</summary>
    public IBlobFiles Store => Runner.Store.Blobs;

    /// <summary>The store on this machine.</summary>
    public ContentStore Local => Runner.Store.Local;

    /// <summary>Runs an action under the budget; null only when nothing is executed and the store does not have the result.</summary>
    /// <param name="stage">Its stage.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="inputs">Digests of its inputs by role.</param>
    /// <param name="work">Executes it with the threads it is given.</param>
    /// <param name="before">Called before an execution, to refuse what would fail later; null for nothing.</param>
    internal TResult? Run<TSubject, TResult>(Stage<TSubject, TResult> stage, TSubject subject,
        IEnumerable<KeyValuePair<string, Digest>> inputs,
        Func<int, IReadOnlyDictionary<string, BlobRef>> work, Action? before = null) where TResult : class
    {
        ActionSpec spec = stage.Action(subject, Plan.Profiles, inputs);
        WorkLease? lease = null;
        try
        {
            ActionRecord? record = Runner.Run(spec, () => work(lease!.Threads), Cancellation, () =>
            {
                Plan.Backends.Start(stage.Group, spec.ToString());
                before?.Invoke();
                lease = Budget.Enter(spec.ToString(), threads => stage.Bytes(subject, threads), Cancellation);
            });
            return record is null ? null : stage.Read(Store, record.Outputs);
        }
        finally
        {
            LargeArrays.Reclaim(lease?.Bytes ?? 0, Budget);
            lease?.Dispose();
        }
    }

    /// <summary>Runs an action outside the budget: it takes next to no memory, or is the only one at the time.</summary>
    internal TResult? RunUnbudgeted<TSubject, TResult>(Stage<TSubject, TResult> stage, TSubject subject,
        IEnumerable<KeyValuePair<string, Digest>> inputs,
        Func<IReadOnlyDictionary<string, BlobRef>> work) where TResult : class =>
        Runner.Run(stage.Action(subject, Plan.Profiles, inputs), work, Cancellation) is { } record
        ? stage.Read(Store, record.Outputs)
        : null;
}
