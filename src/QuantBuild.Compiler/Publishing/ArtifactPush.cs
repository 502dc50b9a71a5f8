using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Publishing;

/// <summary>Gathers what a repository gets of an artifact.</summary>
internal static class ArtifactPush
{
    /// <summary>The artifact's files, its card and, where they exist, lock and provenance. Every digest is checked first.</summary>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="lockFile">The build's lock; null when there is none.</param>
    /// <param name="facts">For the card.</param>
    /// <param name="publicKey">The signer's public key; null to require no signature.</param>
    /// <param name="existingCard">The repository's card, whose own text is kept; null for none.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <exception cref="DiagnosticException">
    /// A file is not what artifact.json says (QB4011, QB4012), the lock is another build's (QB5051), the provenance does not fit (QB504x),
    /// or the card cannot be updated (QB5050).
    /// </exception>
    public static ImmutableArray<HubFile> Gather(string folder, string? lockFile, ModelCardFacts facts, string? publicKey = null,
        string? existingCard = null, CancellationToken ct = default)
    {
        ImmutableArray<Diagnostic> damage = ArtifactFolder.Check(folder, ct: ct);
        if (!damage.IsEmpty)
            throw new DiagnosticException(damage);
        byte[] descriptor = File.ReadAllBytes(Path.Combine(folder, ArtifactFolder.DescriptorName));
        ArtifactDescriptor artifact = Describe(descriptor, folder);
        ImmutableArray<PackedFile> packed = ArtifactListing.Read(descriptor)!.Value;
        LockFile? locked = lockFile is null ? null : Lock(lockFile, artifact, packed);
        facts = facts with { Gptq = locked is not null && UsesGptq(locked) };
        var files = new List<HubFile>
        {
            HubFile.FromBytes(ModelCard.FileName,
                Encoding.UTF8.GetBytes(ModelCard.Render(artifact, facts, Quality(folder, artifact), existingCard))),
            HubFile.FromBytes(ArtifactFolder.DescriptorName, descriptor),
        };
        files.AddRange(packed.Select(file => HubFile.FromDisk(file.Path, Path.Combine(folder, file.Path), file.Content.Digest)));
        if (lockFile is not null)
            files.Add(HubFile.FromDisk(Path.GetFileName(lockFile), lockFile, ct: ct));
        files.AddRange(Provenance(folder, publicKey));
        return [.. files.OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    private static ArtifactDescriptor Describe(byte[] descriptor, string folder)
    {
        try
        {
            return ArtifactDescriptor.Parse(descriptor);
        }
        catch (ArtifactException failure)
        {
            throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(new SourceSpan(folder), folder, failure.Message), failure);
        }
    }

    private static bool UsesGptq(LockFile locked) =>
        locked.Experts.SelectMany(expert => expert.Layers)
        .Any(layer => layer.Setting(RecipeSettings.WeightMethod) == RecipeNames.WeightMethod.NameOf(WeightMethod.Gptq));

    private static LockFile Lock(string path, ArtifactDescriptor artifact, ImmutableArray<PackedFile> packed)
    {
        LockFile locked = LockFile.Read(path) ?? throw new DiagnosticException(Descriptors.LockFileMissing.At(new SourceSpan(path)));
        string? fault = locked.Plan.ToString() != artifact.Plan
            ? $"the lock has plan {locked.Plan.Short}, the artifact {artifact.Plan[..12]}"
            : !packed.ToHashSet().SetEquals(locked.Experts.SelectMany(expert => expert.Files)) ? "the lock names other files or digests"
            : null;
        return fault is null ? locked : throw new DiagnosticException(Descriptors.PushLockDiffers.At(new SourceSpan(path), fault));
    }

    /// <summary>
    /// Statement, signature and what was measured, compared with the artifact. The run record stays here: it tells about a machine.
    /// </summary>
    private static IEnumerable<HubFile> Provenance(string folder, string? publicKey)
    {
        string[] names =
            [.. ((string[])[ProvenanceStatement.FileName, Envelope.FileName]).Where(name => File.Exists(Path.Combine(folder, name)))];
        if (names.Length == 0 && publicKey is null)
            return [];
        ProvenanceResult result = ProvenanceCheck.OfChecked(folder, publicKey);
        if (!result.Problems.IsEmpty)
            throw new DiagnosticException(result.Problems);
        return names.Concat(result.Build!.Byproducts.Keys.Where(name => File.Exists(Path.Combine(folder, name))))
            .Select(name => HubFile.FromDisk(name, Path.Combine(folder, name)));
    }

    /// <summary>What was measured, if it is this artifact's: layer for layer of one build.</summary>
    private static ImmutableArray<LayerQuality> Quality(string folder, ArtifactDescriptor artifact)
    {
        if (AtomicFile.TryRead(Path.Combine(folder, ArtifactQuality.FileName)) is not { } json
            || ArtifactQuality.Parse(json) is not { } layers)
            return [];
        IEnumerable<(string, string)> built =
            artifact.Experts.SelectMany(expert => expert.Value.Layers.Where(layer => layer.Value.IsQuantized)
                .Select(layer => (expert.Key, layer.Key)));
        return layers.Select(layer => (layer.Expert, layer.Layer)).ToHashSet().SetEquals(built) ? layers : [];
    }
}
