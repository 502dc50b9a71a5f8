using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>A finished build as its lock file.</summary>
internal static class LockDescription
{
    /// <summary>What was resolved, what was read, and what was made.</summary>
    public static LockFile Of(Plan plan, BuiltModel model) => new(ToolVersion.Text, plan.Profiles.Names,
        PlanDigest.Of(plan), model.Samples, [.. model.Experts.Select(Of)],
        plan.Location is { Repository: { } reference, Commit: { } commit } ? new LockedSource(reference, commit) : null);

    private static LockedExpert Of(BuiltExpert expert) => new(expert.Source.Plan.Name, expert.Source.Content,
        [.. expert.Layers.Select(Of)], [.. ArtifactDescription.FilesOf(expert)]);

    /// <summary>A layer, and the digests of what its actions made.</summary>
    public static LockedLayer Of(BuiltLayer layer)
    {
        var outputs = ImmutableSortedDictionary.CreateBuilder<string, Digest>(StringComparer.Ordinal);
        Add("smooth", layer.Smooth);
        Add("lowRank", layer.LowRank?.Factors);
        Add("weights", layer.Weights?.Weights);
        Add("measure", layer.Errors?.Blob);
        for (int bin = 0; bin < layer.Clips.Length; bin++)
            Add(FormattableString.Invariant($"clip.{bin}"), layer.Clips[bin].Blob);
        return new LockedLayer(layer.Plan.Name, layer.Plan.Recipe.ToJson(), outputs.ToImmutable());

        void Add(string role, BlobRef? blob)
        {
            if (blob is { } present)
                outputs.Add(role, present.Digest);
        }
    }
}
