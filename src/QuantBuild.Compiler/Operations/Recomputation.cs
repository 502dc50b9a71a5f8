using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>
/// An audit: some of a build's actions are executed again, and must give the same bytes, or, of an arithmetic that is not bit exact,
/// figures within the tolerance that their stage states.
/// </summary>
internal static class Recomputation
{
    /// <summary>Audits the lock where that is possible, and else what is in the store.</summary>
    /// <exception cref="DiagnosticException">A build or an action failed, or a lock cannot be audited (QB3222).</exception>
    public static RecomputeReport Run(CompileSession session, double fraction, ulong seed, IBuildObserver observer) =>
        LockAudit.TryRun(session, fraction, seed, observer) ?? OfStore(session.Context, session.Sources, fraction, seed, observer);

    /// <summary>Builds what is missing, then executes a part of the actions again.</summary>
    /// <exception cref="DiagnosticException">A build or an action failed.</exception>
    public static RecomputeReport OfStore(BuildContext context, IReadOnlyList<ExpertSource> sources, double fraction, ulong seed,
        IBuildObserver observer)
    {
        ModelBuild.Run(context, sources, observer);
        ILookup<bool, ActionEvent> trace = context.Runner.Trace.DistinctBy(action => action.Key).ToLookup(IsComparable);
        ActionEvent[] comparable = [.. trace[true]];
        int wanted = Math.Min(comparable.Length, Math.Max(1, (int)Math.Ceiling(fraction * comparable.Length)));
        // An order by hash of seed and key is random, repeatable, and does not depend on the other actions.
        HashSet<Digest> chosen = [.. comparable.Select(action => action.Key!.Value)
            .OrderBy(key => Digest.Of(Encoding.UTF8.GetBytes($"{seed} {key}")).ToString(), StringComparer.Ordinal).Take(wanted)];

        var again = new StageRunner(context.Runner.Store, observer, execute: true, recheck: chosen);
        ModelBuild.Run(context with { Runner = again }, sources, observer);
        (ActionEvent Action, Recheck Result)[] done = [.. again.Trace.DistinctBy(action => action.Key)
            .Where(action => again.Rechecked.ContainsKey(action.Key!.Value))
            .Select(action => (action, again.Rechecked[action.Key!.Value]))];
        var report = new RecomputeReport(done.Count(one => one.Result.Outcome != RecheckOutcome.NotComparable), comparable.Length,
            [.. done.Where(one => one.Result.Outcome == RecheckOutcome.Different).Select(one => Line(one.Action, one.Result))])
        {
            WithinTolerance = done.Count(one => one.Result.Outcome == RecheckOutcome.WithinTolerance),
            LargestDistance = done.Where(one => one.Result.Outcome == RecheckOutcome.WithinTolerance).Max(one => one.Result.Distance) ?? 0,
            IsBitExact = context.Plan.Profiles.AreBitExact,
            NotComparable = trace[false].Concat(done.Where(one => one.Result.Outcome == RecheckOutcome.NotComparable)
                .Select(one => one.Action)).GroupBy(action => action.Stage)
                .ToImmutableSortedDictionary(stage => stage.Key, stage => stage.Count(), StringComparer.Ordinal),
        };
        if (!report.NotComparable.IsEmpty)
            observer.Report(Descriptors.ResultsNotComparable.At(null, context.Plan.Profiles,
                string.Join(", ", report.NotComparable.Select(stage => $"{stage.Key} ({stage.Value})"))));
        return report;

        bool IsComparable(ActionEvent action) => BuildStages.All[BuildStages.IndexOf(action.Stage)] is var stage
            && stage.IsComparable(context.Plan.Profiles.Of(stage));
    }

    private static string Line(ActionEvent action, Recheck result)
    {
        string name = $"{action.Stage} {action.Expert} {action.Name}".Replace("  ", " ", StringComparison.Ordinal);
        return result.Distance is not { } distance ? name : string.Create(CultureInfo.InvariantCulture,
            $"{name} ({BuildStages.All[BuildStages.IndexOf(action.Stage)].Tolerance!.What} differ by {distance * 100:0.#} %)");
    }
}
