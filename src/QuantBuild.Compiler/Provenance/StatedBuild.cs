using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>What a statement says about a build.</summary>
/// <param name="Subjects">Digest of every file of the artifact, by path.</param>
/// <param name="Manifest">Digest of the manifest's bytes.</param>
/// <param name="Plan">Digest of the resolved plan.</param>
/// <param name="Lock">Digest of the lock file's canonical bytes.</param>
/// <param name="NumericProfile">Name of the arithmetic.</param>
/// <param name="Tool">Version of the tool.</param>
/// <param name="Dependencies">Digests of what was read, by name: <c>checkpoint/high_noise</c>, <c>calibration/0</c>.</param>
/// <param name="Byproducts">Digests of files that the build wrote beside the artifact, by name.</param>
public sealed record StatedBuild(ImmutableSortedDictionary<string, Digest> Subjects, Digest Manifest, Digest Plan, Digest Lock, string NumericProfile,
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
            JsonNode root = JsonNode.Parse(statement, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!;
            JsonNode definition = root["predicate"]!["buildDefinition"]!, run = root["predicate"]!["runDetails"]!;
            JsonObject parameters = definition["externalParameters"]!.AsObject();
            string? fault = Text(root["_type"]) != ProvenanceStatement.StatementType ? "it is no in-toto statement of version 1"
                : Text(root["predicateType"]) != ProvenanceStatement.PredicateType ? "its predicate is not SLSA provenance of version 1"
                : Text(definition["buildType"]) != ProvenanceStatement.BuildType ? "it is about another kind of build"
                : Text(run["builder"]!["id"]) != ProvenanceStatement.Builder ? "it names another builder"
                : parameters.FirstOrDefault(parameter => !KnownParameters.Contains(parameter.Key)).Key is { } unknown ? $"it has a parameter '{unknown}' that is not known"
                : null;
            if (fault is not null)
                throw Invalid(path, fault, null);
            return new StatedBuild(Named(root["subject"]!), Sha256(parameters["manifest"]), Sha256(parameters["plan"]), Sha256(parameters["lock"]),
                Text(definition["internalParameters"]!["numericProfile"]), Text(run["builder"]!["version"]!["quantbuild"]),
                Named(definition["resolvedDependencies"]!), Named(run["byproducts"] ?? new JsonArray()));
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw Invalid(path, "a value is missing or has another type than it should", failure);
        }
    }

    /// <summary>Entries that have a digest; the tool has none, its version is its name.</summary>
    private static ImmutableSortedDictionary<string, Digest> Named(JsonNode entries) => entries.AsArray()
        .Where(entry => entry!["digest"] is not null || entry["uri"] is null)
        .ToImmutableSortedDictionary(entry => Text(entry!["name"]), entry => Digest.Parse(Text(entry!["digest"]!.AsObject().Single().Value)), StringComparer.Ordinal);

    private static Digest Sha256(JsonNode? parameter) => Digest.Parse(Text(parameter!["sha256"]));

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static DiagnosticException Invalid(string path, string why, Exception? cause) =>
        new(Descriptors.ProvenanceInvalid.At(new SourceSpan(path), why), cause);
}
