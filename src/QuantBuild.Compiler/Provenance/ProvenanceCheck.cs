using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Packing;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Holds an artifact against its provenance.</summary>
public static class ProvenanceCheck
{
    private static readonly ImmutableHashSet<string> KnownParameters = ["manifest", "plan", "lock"];

    /// <summary>Checks the statement, that it is about exactly these files, and, given a key, its signature.</summary>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="publicKey">File of the signer's public key; null to check an unsigned statement, which is a record and proves nothing.</param>
    /// <returns>What is wrong; empty when nothing is.</returns>
    /// <exception cref="DiagnosticException">openssl is missing or the key cannot be read (QB5044).</exception>
    public static ImmutableArray<Diagnostic> Run(string folder, string? publicKey = null)
    {
        try
        {
            string path = Path.Combine(folder, publicKey is null ? ProvenanceStatement.FileName : Envelope.FileName);
            if (AtomicFile.TryRead(path) is not { } json)
                return [Descriptors.ProvenanceMissing.At(new SourceSpan(folder), Path.GetFileName(path))];
            byte[] statement = json;
            if (publicKey is not null)
            {
                // The signature comes first: nothing of an unsigned statement is even looked at.
                Envelope envelope = Envelope.Parse(json, path);
                if (!OpenSsl.Verify(Envelope.SignedBytes(envelope.Statement), envelope.Signature, publicKey))
                    return [Descriptors.SignatureInvalid.At(new SourceSpan(path), "it does not fit the key and the statement")];
                statement = envelope.Statement;
            }
            return Compare(folder, statement, path);
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor == Descriptors.ProvenanceInvalid)
        {
            return [.. failure.Diagnostics];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return [.. StoreErrors.Translate(failure, folder).Diagnostics];
        }
    }

    private static ImmutableArray<Diagnostic> Compare(string folder, byte[] statement, string path)
    {
        (Dictionary<string, Digest> subjects, Digest plan) = Read(statement, path);
        ImmutableArray<Diagnostic> damage = ArtifactFolder.Check(folder);
        if (!damage.IsEmpty)
            return damage;
        byte[] descriptor = File.ReadAllBytes(Path.Combine(folder, ArtifactFolder.DescriptorName));
        Dictionary<string, Digest> files = ArtifactListing.Read(descriptor)!.Value.ToDictionary(file => file.Path, file => file.Content.Digest, StringComparer.Ordinal);
        files[ArtifactFolder.DescriptorName] = Digest.Of(descriptor);
        string? fault = files.Keys.Except(subjects.Keys).FirstOrDefault() is { } extra ? $"it does not mention '{extra}'"
            : subjects.Keys.Except(files.Keys).FirstOrDefault() is { } missing ? $"the artifact has no '{missing}'"
            : files.Keys.FirstOrDefault(name => files[name] != subjects[name]) is { } changed ? $"'{changed}' has digest {files[changed].Short} instead of {subjects[changed].Short}"
            : JsonNode.Parse(descriptor)!["plan"]?.GetValue<string>() != plan.ToString() ? "the plan is another one"
            : null;
        return fault is null ? [] : [Descriptors.ProvenanceMismatch.At(new SourceSpan(path), fault)];
    }

    private static (Dictionary<string, Digest> Subjects, Digest Plan) Read(byte[] statement, string path)
    {
        try
        {
            JsonNode root = JsonNode.Parse(statement, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!;
            JsonNode definition = root["predicate"]!["buildDefinition"]!;
            JsonObject parameters = definition["externalParameters"]!.AsObject();
            string? fault = Text(root["_type"]) != ProvenanceStatement.StatementType ? "it is no in-toto statement of version 1"
                : Text(root["predicateType"]) != ProvenanceStatement.PredicateType ? "its predicate is not SLSA provenance of version 1"
                : Text(definition["buildType"]) != ProvenanceStatement.BuildType ? "it is about another kind of build"
                : Text(root["predicate"]!["runDetails"]!["builder"]!["id"]) != ProvenanceStatement.Builder ? "it names another builder"
                : parameters.FirstOrDefault(parameter => !KnownParameters.Contains(parameter.Key)).Key is { } unknown ? $"it has a parameter '{unknown}' that is not known"
                : null;
            if (fault is not null)
                throw Invalid(path, fault, null);
            return (root["subject"]!.AsArray().ToDictionary(subject => Text(subject!["name"]), subject => Digest.Parse(Text(subject!["digest"]!["sha256"])), StringComparer.Ordinal),
                Digest.Parse(Text(parameters["plan"]!["sha256"])));
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw Invalid(path, "a value is missing or has another type than it should", failure);
        }
    }

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static DiagnosticException Invalid(string path, string why, Exception? cause) =>
        new(Descriptors.ProvenanceInvalid.At(new SourceSpan(path), why), cause);
}
