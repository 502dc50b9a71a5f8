using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Operations;

/// <summary>An audit: some of a build's actions are executed again and must give the same bytes.</summary>
internal static class Recomputation
{
    /// <summary>Builds what is missing, then executes a part of the actions again.</summary>
    public static RecomputeReport Run(CompileSession session, double fraction, ulong seed, IBuildObserver observer)
    {
        if (LockAudit.TryRun(session, fraction, seed, observer) is { } audited)
            return audited;
        ModelBuild.Run(session.Context, session.Sources, observer);
        Digest[] actions = [.. session.Runner.Trace.Select(action => action.Key!.Value).Distinct()];
        int wanted = Math.Clamp((int)Math.Ceiling(fraction * actions.Length), 1, actions.Length);
        // An order by hash of seed and key is random, repeatable, and does not depend on the other actions.
        HashSet<Digest> chosen =
            [.. actions.OrderBy(key => Digest.Of(Encoding.UTF8.GetBytes($"{seed} {key}")).ToString(), StringComparer.Ordinal).Take(wanted)];

        var again = new StageRunner(session.Runner.Store, observer, execute: true, recheck: chosen);
        ModelBuild.Run(session.Context with { Runner = again }, session.Sources, observer);
        return new RecomputeReport(again.Rechecked.Count, actions.Length, [.. again.Trace
            .Where(action => action.Key is { } key && again.Rechecked.TryGetValue(key, out bool same) && !same)
            .Select(action => $"{action.Stage} {action.Expert} {action.Name}".Replace("  ", " ", StringComparison.Ordinal))]);
    }
}
