using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Stages;

/// <summary>A parallel loop over work that does not depend on each other.</summary>
internal static class IndependentTasks
{
    /// <summary>Runs tasks on the build's threads; a failed one does not stop the others, and all failures are thrown together.</summary>
    /// <exception cref="DiagnosticException">Some tasks failed; the diagnostics of all of them, each once, in a stable order.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public static void ForAll<T>(BuildContext context, IEnumerable<T> tasks, Action<T> work)
    {
        var failures = new ConcurrentQueue<Diagnostic>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = context.Threads, CancellationToken = context.Cancellation };
        Parallel.ForEach(Partitioner.Create(tasks, EnumerablePartitionerOptions.NoBuffering), options, task =>
        {
            try
            {
                work(task);
            }
            catch (DiagnosticException e)
            {
                foreach (Diagnostic diagnostic in e.Diagnostics)
                    failures.Enqueue(diagnostic);
            }
        });
        context.Cancellation.ThrowIfCancellationRequested();
        if (!failures.IsEmpty)
            throw new DiagnosticException([.. failures.DistinctBy(failure => failure.ToString()).OrderBy(failure => failure.ToString(), StringComparer.Ordinal)]);
    }
}
