using System.Collections.Concurrent;
using System.Diagnostics;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Actions;

/// <summary>Runs actions through the store: what is there is taken, what is not is executed once, by whoever comes first.</summary>
/// <param name="store">The store.</param>
/// <param name="observer">Is told of every action.</param>
/// <param name="execute">False only looks: a missing action is reported and not executed.</param>
/// <param name="recheck">Cached actions to execute again, comparing their outputs; null for none.</param>
/// <param name="requireInputs">
/// Throws when the inputs are no longer what keys were computed from; called before a result is remembered.
/// </param>
/// <param name="drain">Once it is cancelled nothing is executed any more; what is being executed is finished.</param>
internal sealed class StageRunner(BuildStore store, IBuildObserver observer, bool execute = true, IReadOnlySet<Digest>? recheck = null,
    Action? requireInputs = null,
    CancellationToken drain = default)
{
    private readonly ConcurrentDictionary<(string Stage, string Expert, string Name), ActionEvent> _trace = new();
    private readonly ConcurrentDictionary<Digest, Recheck> _rechecked = new();

    /// <summary>The store.</summary>
    public BuildStore Store => store;

    /// <summary>Whether missing actions are executed.</summary>
    public bool Executes => execute;

    /// <summary>One that asks the same store and executes nothing; its actions are in no trace but its own.</summary>
    public StageRunner ForLooking() => new(store, SilentObserver.Instance, execute: false);

    /// <summary>Every action asked for so far, in a stable order.</summary>
    public IReadOnlyList<ActionEvent> Trace => [.. _trace.Values
        .OrderBy(action => action.Stage, StringComparer.Ordinal)
        .ThenBy(action => action.Expert, StringComparer.Ordinal)
        .ThenBy(action => action.Name, StringComparer.Ordinal)];

    /// <summary>Actions that were executed again, and how their results compare.</summary>
    public IReadOnlyDictionary<Digest, Recheck> Rechecked => _rechecked;

    /// <summary>The result of an action; null only when nothing is executed and the store does not have it.</summary>
    /// <param name="spec">The action.</param>
    /// <param name="work">Executes it and returns its outputs by name.</param>
    /// <param name="cancellation">Stops waiting and working.</param>
    /// <param name="claim">
    /// Called before an execution to wait for what it needs, such as memory; null for nothing. Whoever holds an action's lock must not wait
    /// for memory: another process could hold the next lock and wait for this one.
    /// </param>
    public ActionRecord? Run(ActionSpec spec, Func<IReadOnlyDictionary<string, BlobRef>> work, CancellationToken cancellation,
        Action? claim = null)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Find(spec, cancellation) is { } found)
        {
            if (recheck?.Contains(spec.Key) == true && !_rechecked.ContainsKey(spec.Key))
            {
                claim?.Invoke();
                _rechecked[spec.Key] = Repeat(spec, found, work);
            }
            return Finish(spec, found, ActionOutcome.Cached);
        }
        if (!execute)
        {
            Note(new ActionEvent(spec.Stage.Name, spec.Expert, spec.Name, spec.Key, spec.Description, ActionOutcome.Missing, 0));
            return null;
        }

        drain.ThrowIfCancellationRequested();
        claim?.Invoke();
        using ActionClaim held = store.Local.LockAsync(spec.Key, () => observer.Waiting(spec), spec.ToString(), cancellation).AsTask()
            .GetAwaiter().GetResult();
        if (Find(spec, cancellation) is { } other)
            return Finish(spec, other, ActionOutcome.Cached);
        drain.ThrowIfCancellationRequested();
        observer.ActionStarted(spec);
        long start = Stopwatch.GetTimestamp();
        IReadOnlyDictionary<string, BlobRef> outputs = Execute(spec, work);
        double seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 4);
        requireInputs?.Invoke();
        var record = new ActionRecord(spec.Key, spec.Stage.Name, outputs, seconds, ToolVersion.Text, spec.Description);
        Wait(store.Actions.PutAsync(record, cancellation));
        return Finish(spec, record, ActionOutcome.Ran);
    }

    /// <summary>Notes what was not asked for: actions whose keys cannot be known because one before them is missing.</summary>
    internal void NoteMissing(IEnumerable<ActionNode> actions)
    {
        foreach (ActionNode action in actions.Where(action => !_trace.ContainsKey((action.Stage.Name, action.Expert, action.Name))))
            Note(new ActionEvent(action.Stage.Name, action.Expert, action.Name, null, null, ActionOutcome.Missing, 0));
    }

    private ActionRecord? Find(ActionSpec spec, CancellationToken cancellation)
    {
        ValueTask<ActionRecord?> looking = store.Actions.FindAsync(spec.Key, cancellation);
        return looking.IsCompletedSuccessfully ? looking.Result : looking.AsTask().GetAwaiter().GetResult();
    }

    private static void Wait(ValueTask work)
    {
        if (!work.IsCompletedSuccessfully)
            work.AsTask().GetAwaiter().GetResult();
    }

    private Recheck Repeat(ActionSpec spec, ActionRecord found, Func<IReadOnlyDictionary<string, BlobRef>> work)
    {
        observer.ActionStarted(spec);
        IReadOnlyDictionary<string, BlobRef> again = Execute(spec, work);
        if (again.Count == found.Outputs.Count
            && again.All(output => found.Outputs.TryGetValue(output.Key, out BlobRef old) && old == output.Value))
            return new Recheck(RecheckOutcome.SameBytes);
        if (spec.Profile.BitExact)
            return new Recheck(RecheckOutcome.Different);
        double? distance = spec.Stage.Tolerance?.Distance(store.Blobs, found.Outputs, again);
        return new Recheck(distance is null ? RecheckOutcome.NotComparable
            : distance <= spec.Stage.Tolerance!.Share ? RecheckOutcome.WithinTolerance
            : RecheckOutcome.Different, distance);
    }

    /// <summary>
    /// Runs a stage's work. What the file system refuses it, such as space for its own temporary files, memory that the machine lacks, and
    /// a source that was replaced by something else meanwhile are the user's business and no bugs.
    /// </summary>
    private IReadOnlyDictionary<string, BlobRef> Execute(ActionSpec spec, Func<IReadOnlyDictionary<string, BlobRef>> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.TranslateStore(failure, (failure as FileNotFoundException)?.FileName ?? store.Local.Root);
        }
        catch (OutOfMemoryException failure)
        {
            throw new DiagnosticException(Descriptors.OutOfMemory.At(null, spec), failure);
        }
        catch (SafeTensorsException failure)
        {
            throw StoreErrors.Shrunk(failure)
                ?? new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan(failure.Path ?? store.Local.Root),
                    failure.Reason),
                    failure);
        }
    }

    private ActionRecord Finish(ActionSpec spec, ActionRecord record, ActionOutcome outcome)
    {
        Note(new ActionEvent(spec.Stage.Name, spec.Expert, spec.Name, spec.Key, spec.Description, outcome, record.Seconds));
        return record;
    }

    private void Note(ActionEvent action)
    {
        // What a session ran and then asks for again, as it does for what ranks were chosen by, did run.
        _trace.AddOrUpdate((action.Stage, action.Expert, action.Name), action, (_, before) =>
            before.Outcome == ActionOutcome.Ran && action.Outcome == ActionOutcome.Cached && before.Key == action.Key ? before : action);
        observer.ActionFinished(action);
    }
}
