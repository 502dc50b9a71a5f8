using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>An audit of an artifact that this machine did not compute: some layers are computed and compared with the lock file.</summary>
internal static class LockAudit
{
    /// <summary>Computes a part of the layers and compares every digest that the lock has of them.</summary>
    /// <exception cref="DiagnosticException">The arithmetic is not bit exact, and a lock has only digests (QB3222).</exception>
    /// <returns>The result; null when the store has the whole build, or there is no lock file of this plan.</returns>
    public static RecomputeReport? TryRun(CompileSession session, double fraction, ulong seed, IBuildObserver observer)
    {
        if (LockFile.Read(LockFile.PathFor(session.Plan.Manifest.Path)) is not { } locked || locked.Plan != PlanDigest.Of(session.Plan)
            || session.IsInStore())
            return null;
        RequireComparable(session.Plan);
        var stated = locked.Experts.SelectMany(expert => expert.Layers.Where(layer => layer.Outputs.Count > 0)
            .Select(layer => (Key: (expert.Name, layer.Name), layer.Outputs)))
            .ToDictionary(layer => layer.Key, layer => layer.Outputs);
        int wanted = Math.Clamp((int)Math.Ceiling(fraction * stated.Count), 1, Math.Max(1, stated.Count));
        HashSet<(string Expert, string Layer)> chosen = [.. stated.Keys
            .OrderBy(layer => Digest.Of(Encoding.UTF8.GetBytes($"{seed} {layer}")).ToString(), StringComparer.Ordinal).Take(wanted)];
        HashSet<(string, SiteKey)> sites = [.. session.Plan.Experts.SelectMany(expert => expert.Layers
            .Where(layer => chosen.Contains((expert.Name, layer.Name)))
            .Select(layer => (expert.Name, new SiteKey(layer.Block, layer.Site))))];

        var built = ModelBuild.Sites(session.Context, session.Sources, observer, (expert, layer) =>
            sites.Contains((expert, new SiteKey(layer.Block, layer.Site))));
        List<string> different =
            [.. session.Sources.Where(source =>
                locked.Experts.SingleOrDefault(expert => expert.Name == source.Plan.Name)?.Checkpoint != source.Content)
            .Select(source => $"the checkpoint of {source.Plan.Name}")];
        int compared = 0;
        foreach ((string Expert, string Layer) layer in chosen.Order())
        {
            var now = LockDescription.Of(built[layer]).Outputs;
            foreach ((string role, Digest digest) in stated[layer])
            {
                compared++;
                if (!now.TryGetValue(role, out Digest found) || found != digest)
                    different.Add($"{role} {layer.Expert} {layer.Layer}");
            }
        }
        return new RecomputeReport(compared, stated.Values.Sum(outputs => outputs.Count), different);
    }

    /// <summary>Digests say something only where an arithmetic gives the same bytes everywhere.</summary>
    /// <exception cref="DiagnosticException">The plan's does not (QB3222).</exception>
    internal static void RequireComparable(Plan plan)
    {
        if (!plan.Profiles.AreBitExact)
            throw new DiagnosticException(Descriptors.LockNotComparable.At(new SourceSpan(LockFile.PathFor(plan.Manifest.Path)),
                plan.Profiles));
    }
}
