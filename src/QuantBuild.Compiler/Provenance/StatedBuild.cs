using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Provenance;

/// <summary>What a statement says about a build.</summary>
/// <param name="Subjects">Digest of every file of the artifact, by path.</param>
/// <param name="Manifest">Digest of the manifest's bytes.</param>
/// <param name="Plan">Digest of the resolved plan.</param>
/// <param name="Lock">Digest of the lock file's canonical bytes.</param>
/// <param name="Profiles">Names of the arithmetic.</param>
/// <param name="Tool">Version of the tool.</param>
/// <param name="Dependencies">Digests of what was read, by name: <c>checkpoint/high_noise</c>, <c>calibration/0</c>.</param>
/// <param name="Byproducts">Digests of files that the build wrote beside the artifact, by name.</param>
internal sealed record StatedBuild(ImmutableSortedDictionary<string, Digest> Subjects, Digest Manifest, Digest Plan, Digest Lock,
    ProfileNames Profiles,
    string Tool, ImmutableSortedDictionary<string, Digest> Dependencies, ImmutableSortedDictionary<string, Digest> Byproducts)
{
    private static readonly ImmutableHashSet<string> KnownParameters = ["manifest", "plan", "lock"];

    /// <summary>Reads a statement.</summary>
    /// <param name="statement">Its bytes.</param>
    /// <param name="path">Where they come from, for diagnostics.</param>
    /// <exception cref="DiagnosticException">It is of another kind, or has parameters that are not known (QB5041).</exception>
    public static StatedBuild Parse(byte[] statement, string path)
    {
        try
        {
            JsonNode root = CheckedNodes.Parse(statement);
            JsonNode definition = root.Member("predicate").Member("buildDefinition"), run = root.Member("predicate").Member("runDetails");
            JsonObject parameters = definition.Member("externalParameters").Members();
            string? fault = root.Member("_type").Text() != ProvenanceStatement.StatementType ? "it is no in-toto statement of version 1"
                : root.Member("predicateType").Text() != ProvenanceStatement.PredicateType
                ? "its predicate is not SLSA provenance of version 1"
                : definition.Member("buildType").Text() != ProvenanceStatement.BuildType ? "it is about another kind of build"
                : run.Member("builder").Member("id").Text() != ProvenanceStatement.Builder ? "it names another builder"
                : parameters.FirstOrDefault(parameter => !KnownParameters.Contains(parameter.Key)).Key is { } unknown
                ? $"it has a parameter '{unknown}' that is not known"
                : null;
            if (fault is not null)
                throw Invalid(path, fault, null);
            return new StatedBuild(Named(root.Member("subject")), Sha256(parameters, "manifest"), Sha256(parameters, "plan"),
                Sha256(parameters, "lock"),
                ProfilesOf(definition.Member("internalParameters")), run.Member("builder").Member("version")
                    .Member("quantbuild").Text(),
                Named(definition.Member("resolvedDependencies")), Named(run.Find("byproducts") ?? new JsonArray()));
        }
        catch (MalformedJsonException failure)
        {
            throw Invalid(path, failure.Message, failure);
        }
    }

    /// <summary>Entries that have a digest; the tool has none, its version is its name.</summary>
    private static ImmutableSortedDictionary<string, Digest> Named(JsonNode entries)
    {
        var named = ImmutableSortedDictionary.CreateBuilder<string, Digest>(StringComparer.Ordinal);
        foreach (JsonNode? entry in entries.Items().Where(entry => entry.Find("digest") is not null || entry.Find("uri") is null))
        {
            string name = entry.Member("name").Text();
            if (entry.Member("digest").Members() is not { Count: 1 } digest)
                throw new MalformedJsonException($"'{name}' has not one digest");
            if (!named.TryAdd(name, digest[0].Digest()))
                throw new MalformedJsonException($"'{name}' is there twice");
        }
        return named.ToImmutable();
    }

    /// <summary>The arithmetic; statements of before there was a choice name one.</summary>
    private static ProfileNames ProfilesOf(JsonNode parameters) => parameters.Find("numericProfile") is { } one
        ? new ProfileNames(one.Text(), one.Text())
        : ProfileNames.FromJson(parameters.Member("profiles"));

    private static Digest Sha256(JsonObject parameters, string name) => parameters.Member(name).Member("sha256").Digest();

    private static DiagnosticException Invalid(string path, string why, Exception? cause) =>
        new(Descriptors.ProvenanceInvalid.At(new SourceSpan(path), why), cause);
}
