using System.Collections.Immutable;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Publishing;

/// <summary>Brings a published artifact into a folder.</summary>
internal static class ArtifactPull
{
    /// <summary>Files beside the artifact that travel with it.</summary>
    internal static readonly ImmutableArray<string> Companions =
        [ArtifactQuality.FileName, ProvenanceStatement.FileName, Envelope.FileName];

    /// <summary>Fetches what <c>artifact.json</c> lists, compares every digest with it, and writes the folder as a build does.</summary>
    /// <param name="client">The Hub; null to use the cache alone.</param>
    /// <param name="cache">The download cache.</param>
    /// <param name="store">Takes the files in between.</param>
    /// <param name="reference">Repository and revision.</param>
    /// <param name="folder">The output folder.</param>
    /// <param name="publicKey">The signer's public key; null to require no signature.</param>
    /// <param name="progress">Told of bytes.</param>
    /// <param name="ct">Ends the work; what has arrived is kept.</param>
    /// <param name="hardLinks">Whether the folder's files are hard links into the store instead of copies.</param>
    /// <param name="force">Whether to overwrite files that no artifact wrote.</param>
    /// <returns>The commit, and what changed in the folder.</returns>
    /// <exception cref="DiagnosticException">
    /// There is no artifact (QB4012), a file is not what it says (QB4011), the folder has other files (QB5070), the artifact lists names
    /// that none can have (QB5071), or see <see cref="HubDownload"/>.
    /// </exception>
    public static async Task<(string Commit, ArtifactWriteResult Result)> RunAsync(HubClient? client, HubCache cache, ContentStore store,
        HubReference reference,
        string folder, string? publicKey = null, IProgress<TransferStatus>? progress = null, bool hardLinks = false, bool force = false,
        CancellationToken ct = default)
    {
        if (!force)
            OutputGuard.RequireFolder(store, folder);
        HubSnapshot first = await HubDownload.FetchAsync(client, cache, reference, path => path == ArtifactFolder.DescriptorName, ct: ct);
        HubSnapshot snapshot;
        byte[] descriptor;
        ImmutableArray<PackedFile> files;
        try
        {
            (snapshot, descriptor, files) = await FetchAsync(client, cache, store, reference, first, publicKey, progress, ct);
        }
        catch (DiagnosticException) when (client is not null && cache.RemoveDamaged(reference.Repository, first.Commit, ct).Count > 0)
        {
            // What was damaged in the cache is fetched again, once; what arrives is compared with its digest.
            first = await HubDownload.FetchAsync(client, cache, reference with { Revision = first.Commit }, path =>
                path == ArtifactFolder.DescriptorName, ct: ct);
            (snapshot, descriptor, files) = await FetchAsync(client, cache, store, reference, first, publicKey, progress, ct);
        }
        ArtifactWriteResult result = await ArtifactFolder.WriteAsync(store, folder, files, descriptor, ct: ct, hardLinks: hardLinks,
            force: force);
        CopyCompanions(snapshot, folder);
        return (snapshot.Commit, result);
    }

    /// <summary>Brings the files that a snapshot's descriptor lists into the store.</summary>
    internal static async Task<(HubSnapshot Snapshot, byte[] Descriptor, ImmutableArray<PackedFile> Files)> FetchAsync(HubClient? client,
        HubCache cache, ContentStore store,
        HubReference reference, HubSnapshot first, string? publicKey, IProgress<TransferStatus>? progress, CancellationToken ct)
    {
        string path = Path.Combine(first.Folder, ArtifactFolder.DescriptorName);
        if (AtomicFile.TryRead(path) is not { } descriptor || ArtifactListing.Read(descriptor) is not { } files)
        {
            if (AtomicFile.TryRead(path) is { } listing && ArtifactListing.StrangerIn(listing) is { } stranger)
                throw new DiagnosticException(Descriptors.ArtifactNameRefused.At(null, reference, stranger));
            throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(null, reference,
                $"it has no {ArtifactFolder.DescriptorName} that lists files"));
        }
        HashSet<string> wanted = files.Select(file => file.Path).Append(ArtifactFolder.DescriptorName).Concat(Companions)
            .ToHashSet(StringComparer.Ordinal);
        // By commit, so that a push in between does not mix two artifacts.
        HubSnapshot snapshot = await HubDownload.FetchAsync(client, cache, reference with { Revision = first.Commit }, wanted.Contains,
            progress, ct);
        ImmutableArray<Diagnostic> damage = ArtifactFolder.Check(snapshot.Folder, ct: ct);
        if (!damage.IsEmpty)
            throw new DiagnosticException(damage);
        RequireProvenance(snapshot, publicKey);
        foreach (PackedFile file in files.Where(file => !store.Contains(file.Content.Digest)))
            await TakeAsync(store, Path.Combine(snapshot.Folder, file.Path), file, ct);
        return (snapshot, descriptor, files);
    }

    /// <summary>A statement is optional, but one that is there must be this artifact's.</summary>
    private static void RequireProvenance(HubSnapshot snapshot, string? publicKey)
    {
        bool stated = snapshot.Files.Contains(ProvenanceStatement.FileName) || snapshot.Files.Contains(Envelope.FileName);
        if ((stated || publicKey is not null)
            && ProvenanceCheck.OfChecked(snapshot.Folder, publicKey).Problems is { IsEmpty: false } problems)
            throw new DiagnosticException(problems);
    }

    /// <summary>
    /// Brings the folder's companions of the artifact to those of the snapshot; those of an artifact that was there before would lie.
    /// </summary>
    internal static void CopyCompanions(HubSnapshot snapshot, string folder)
    {
        AtomicFile.TryDelete(Path.Combine(folder, RunRecord.FileName));
        foreach (string name in Companions)
        {
            string target = Path.Combine(Path.GetFullPath(folder), name);
            if (snapshot.Files.Contains(name) && AtomicFile.TryRead(Path.Combine(snapshot.Folder, name)) is { } content)
                ProvenanceFiles.Replace(target, content);
            else
                AtomicFile.TryDelete(target);
        }
    }

    private static async Task TakeAsync(ContentStore store, string path, PackedFile file, CancellationToken ct)
    {
        try
        {
            await using FileStream source = File.OpenRead(path);
            await using BlobWriter blob = store.CreateBlob();
            await source.CopyToAsync(blob, 1 << 20, ct);
            if (blob.Commit() != file.Content.Digest)
                throw new DiagnosticException(Descriptors.InputChanged.At(null, path));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }
}
