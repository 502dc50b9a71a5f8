using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Holds an artifact against its provenance.</summary>
internal static class ProvenanceCheck
{
    /// <summary>
    /// Checks the statement, that it is about exactly the files of the folder, and, given a key, its signature. Reads every file.
    /// </summary>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="publicKey">
    /// The signer's public key: a PEM file, or a key that cosign knows (<c>awskms://…</c>); null to check an unsigned statement, which is a
    /// record and proves nothing.
    /// </param>
    /// <exception cref="DiagnosticException">The program that verifies is missing or the key cannot be read (QB5044).</exception>
    public static ProvenanceResult Run(string folder, string? publicKey = null) => Guard(folder, () =>
    {
        // The signature is checked first: nothing of an unsigned statement is used, not even a name.
        (byte[] statement, string path, string? signer) = Read(folder, publicKey);
        StatedBuild build = StatedBuild.Parse(statement, path);
        ImmutableArray<Diagnostic> problems = ArtifactFolder.Check(folder);
        if (problems.IsEmpty)
            problems = Compare(folder, build, path);
        if (!problems.IsEmpty)
            return new ProvenanceResult(build, signer, problems);
        (ImmutableArray<string> unsigned, Diagnostic? uncovered) = FolderCoverage.Of(folder, build);
        return new ProvenanceResult(build, signer, uncovered is null ? [] : [uncovered]) { Unsigned = unsigned };
    });

    /// <summary>
    /// The same, the folder's other files left alone, for an artifact whose files were compared with <c>artifact.json</c> just before.
    /// </summary>
    internal static ProvenanceResult OfChecked(string folder, string? publicKey = null) => Guard(folder, () =>
    {
        (byte[] statement, string path, string? signer) = Read(folder, publicKey);
        StatedBuild build = StatedBuild.Parse(statement, path);
        return new ProvenanceResult(build, signer, Compare(folder, build, path));
    });

    /// <summary>Checks the statement without its signature, before it is signed again.</summary>
    internal static ProvenanceResult OfUnsigned(string folder) => Guard(folder, () =>
    {
        string path = Path.Combine(folder, ProvenanceStatement.FileName);
        StatedBuild build = StatedBuild.Parse(AtomicFile.TryRead(path) ?? throw Missing(folder, ProvenanceStatement.FileName), path);
        ImmutableArray<Diagnostic> damage = ArtifactFolder.Check(folder);
        return new ProvenanceResult(build, null, damage.IsEmpty ? Compare(folder, build, path) : damage);
    });

    private static DiagnosticException Missing(string folder, string name) =>
        new(Descriptors.ProvenanceMissing.At(new SourceSpan(folder), name));

    private static ProvenanceResult Guard(string folder, Func<ProvenanceResult> check)
    {
        try
        {
            return check();
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor != Descriptors.SignerFailed)
        {
            return new ProvenanceResult(null, null, [.. failure.Diagnostics]);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return new ProvenanceResult(null, null, [.. StoreErrors.Translate(failure, folder).Diagnostics]);
        }
    }

    /// <summary>The statement's bytes, the file they come from, and the id of the key that signed them.</summary>
    private static (byte[] Statement, string Path, string? Signer) Read(string folder, string? publicKey)
    {
        string stated = Path.Combine(folder, ProvenanceStatement.FileName), signed = Path.Combine(folder, Envelope.FileName);
        string? signer = null;
        Envelope? envelope = AtomicFile.TryRead(signed) is { } json ? Envelope.Parse(json, signed) : null;
        if (publicKey is not null)
        {
            if (envelope is null)
                throw Missing(folder, Envelope.FileName);
            signer = Signatures.SignerOf(Envelope.SignedBytes(envelope.Statement), envelope.Signature, publicKey);
            if (signer is null)
                throw new DiagnosticException(Descriptors.SignatureInvalid.At(new SourceSpan(signed),
                    "it does not fit the key and the statement"));
        }
        byte[]? statement = AtomicFile.TryRead(stated);
        // Two statements that differ leave open which one is meant.
        if (statement is not null && envelope is not null && !envelope.Statement.AsSpan().SequenceEqual(statement))
            throw new DiagnosticException(Descriptors.ProvenanceMismatch.At(new SourceSpan(signed),
                $"it signs another statement than {ProvenanceStatement.FileName}"));
        if (publicKey is not null)
            return (envelope!.Statement, signed, signer);
        return statement is not null ? (statement, stated, null)
            : throw Missing(folder, ProvenanceStatement.FileName);
    }

    private static ImmutableArray<Diagnostic> Compare(string folder, StatedBuild build, string path)
    {
        byte[] descriptor = File.ReadAllBytes(Path.Combine(folder, ArtifactFolder.DescriptorName));
        Dictionary<string, Digest> files = ArtifactListing.Read(descriptor)!.Value.ToDictionary(file => file.Path, file =>
            file.Content.Digest, StringComparer.Ordinal);
        files[ArtifactFolder.DescriptorName] = Digest.Of(descriptor);
        string? fault = files.Keys.Except(build.Subjects.Keys).FirstOrDefault() is { } extra ? $"it does not mention '{extra}'"
            : build.Subjects.Keys.Except(files.Keys).FirstOrDefault() is { } missing ? $"the artifact has no '{missing}'"
            : files.Keys.FirstOrDefault(name => files[name] != build.Subjects[name]) is { } changed
            ? $"'{changed}' has digest {files[changed].Short} instead of {build.Subjects[changed].Short}"
            : (CheckedNodes.Parse(descriptor).Find("plan") as JsonValue)?.ToString() != build.Plan.ToString() ? "the plan is another one"
            : ChangedByproduct(folder, build);
        return fault is null ? [] : [Descriptors.ProvenanceMismatch.At(new SourceSpan(path), fault)];
    }

    /// <summary>A byproduct may be left behind, but not be another one.</summary>
    private static string? ChangedByproduct(string folder, StatedBuild build)
    {
        foreach ((string name, Digest stated) in build.Byproducts)
        {
            if (AtomicFile.TryRead(Path.Combine(folder, Path.GetFileName(name))) is { } content && Digest.Of(content) is var found
                && found != stated)
                return $"'{name}' has digest {found.Short} instead of {stated.Short}";
        }
        return null;
    }
}
