using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Writes what an artifact was made of, as an in-toto Statement v1 with a SLSA Provenance v1 predicate.</summary>
/// <remarks>
/// It says nothing about when and where, so that equal builds have equal statements; that is in the <see cref="RunRecord"/>. Sources:
/// in-toto attestation specification v1 (Statement), SLSA v1.0 (Provenance).
/// </remarks>
internal static class ProvenanceStatement
{
    /// <summary>Name of the file beside <c>artifact.json</c>.</summary>
    public const string FileName = CompanionFiles.Statement;

    internal const string StatementType = "https://in-toto.io/Statement/v1";
    internal const string PredicateType = "https://slsa.dev/provenance/v1";
    internal const string BuildType = "urn:quantbuild:build:1";
    internal const string Builder = "urn:quantbuild:tool";

    /// <summary>The statement's bytes: canonical, indented.</summary>
    /// <param name="descriptor">Bytes of <c>artifact.json</c>, which has the digests of the other files.</param>
    /// <param name="lockFile">The build's lock.</param>
    /// <param name="manifest">Digest of the manifest's bytes.</param>
    /// <param name="byproducts">Files that the build wrote beside the artifact, by name.</param>
    /// <exception cref="DiagnosticException">The lock is another build's (QB5042).</exception>
    public static byte[] Create(byte[] descriptor, LockFile lockFile, Digest manifest,
        params ReadOnlySpan<(string Name, Digest Content)> byproducts)
    {
        ImmutableArray<PackedFile> files = ArtifactListing.Read(descriptor)
            ?? throw new ArgumentException("it names no files", nameof(descriptor));
        RequireLock(lockFile, descriptor, files);
        JsonNode[] more = [.. byproducts.ToArray().Select(file => Named(file.Name, file.Content))];
        return CanonicalJson.SerializeIndented(new JsonObject
        {
            ["_type"] = StatementType,
            ["subject"] = new JsonArray([.. Subjects(descriptor, files)]),
            ["predicateType"] = PredicateType,
            ["predicate"] = new JsonObject
            {
                ["buildDefinition"] = new JsonObject
                {
                    ["buildType"] = BuildType,
                    ["externalParameters"] = new JsonObject
                    {
                        ["manifest"] = Sha256(manifest),
                        ["plan"] = Sha256(lockFile.Plan),
                        ["lock"] = Sha256(Digest.Of(lockFile.ToJson())),
                    },
                    ["internalParameters"] = new JsonObject { ["profiles"] = lockFile.Profiles.ToJson() },
                    ["resolvedDependencies"] = new JsonArray([.. Dependencies(lockFile)]),
                },
                ["runDetails"] = new JsonObject
                {
                    ["builder"] = new JsonObject { ["id"] = Builder, ["version"] = new JsonObject { ["quantbuild"] = lockFile.Tool } },
                    ["byproducts"] = new JsonArray(more),
                },
            },
        });
    }

    internal static JsonObject Sha256(Digest digest) => new() { ["sha256"] = digest.ToString() };

    private static IEnumerable<JsonNode> Subjects(byte[] descriptor, ImmutableArray<PackedFile> files) =>
        files.Select(file => (file.Path, file.Content.Digest)).Append((ArtifactFolder.DescriptorName, Digest.Of(descriptor)))
            .OrderBy(file => file.Item1, StringComparer.Ordinal)
            .Select(file => Named(file.Item1, file.Item2));

    private static JsonObject Named(string name, Digest digest) => new() { ["name"] = name, ["digest"] = Sha256(digest) };

    private static IEnumerable<JsonNode> Dependencies(LockFile lockFile) => [
        // Not the digest of a file: of the names and contents of all tensors, whatever files they are in.
        .. lockFile.Experts.Select(expert => Checkpoint(expert, lockFile.Source)),
        .. lockFile.Calibration.Select((sample, i) => new JsonObject
        {
            ["name"] = $"calibration/{i}",
            ["digest"] = new JsonObject { ["quantbuildSample1"] = sample.ToString() },
        }),
        new JsonObject { ["name"] = "tool", ["uri"] = $"pkg:nuget/QuantBuild.Tool@{lockFile.Tool}" }];

    private static JsonObject Checkpoint(LockedExpert expert, LockedSource? source)
    {
        var checkpoint = new JsonObject
        {
            ["name"] = $"checkpoint/{expert.Name}",
            ["digest"] = new JsonObject { ["quantbuildTensors1"] = expert.Checkpoint.ToString() },
        };
        if (source is not null)
            checkpoint["uri"] = (source.Reference with { Revision = source.Commit }).ToString();
        return checkpoint;
    }

    private static void RequireLock(LockFile lockFile, byte[] descriptor, ImmutableArray<PackedFile> files)
    {
        string plan = ArtifactDescriptor.Parse(descriptor).Plan;
        if (plan != lockFile.Plan.ToString())
            throw Mismatch($"artifact.json has plan {plan[..12]}, the lock {lockFile.Plan.Short}");
        if (!files.ToHashSet().SetEquals(lockFile.Experts.SelectMany(expert => expert.Files)))
            throw Mismatch("artifact.json and the lock name other files");
    }

    private static DiagnosticException Mismatch(string why) => new(Descriptors.ProvenanceMismatch.At(null, why));
}
