using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>Puts a finished artifact into an output folder, and checks one that is there.</summary>
internal static class ArtifactFolder
{
    /// <summary>How the names of report pages end, which lie beside an artifact and are no part of it.</summary>
    internal const string ReportSuffix = ".report.html";

    /// <summary>Name of the descriptor. A folder without it holds no artifact, whatever else is in it.</summary>
    public const string DescriptorName = "artifact.json";

    /// <summary>The descriptor of an artifact whose files are changing.</summary>
    internal const string WithdrawnName = DescriptorName + ".previous";

    private const string LockName = ".artifact.lock";

    /// <summary>
    /// Makes the folder hold exactly this artifact. Files that are right already are left alone, so a second call changes
    /// nothing; files of earlier builds are removed; anybody else's files are never touched, unless that is forced.
    /// </summary>
    /// <remarks>
    /// The descriptor comes last, and an older one is taken away before the first file it names changes: who reads the
    /// descriptor first and the files after sees one build, or none. Killed at any moment, the next call completes or
    /// replaces what it finds. Two calls at once take turns.
    /// </remarks>
    /// <param name="store">Holds the content of every file.</param>
    /// <param name="folder">The output folder; it is created.</param>
    /// <param name="files">Every file but the descriptor.</param>
    /// <param name="descriptor">The descriptor's bytes; it names the same files.</param>
    /// <param name="progress">Told of each path before it is written or found to be right.</param>
    /// <param name="ct">Ends the work between two files.</param>
    /// <param name="hardLinks">
    /// Whether files are hard links into the store, where the file system can, instead of copies (<see cref="ContentStore.Materialize"/>).
    /// </param>
    /// <param name="force">Whether to overwrite files that no artifact wrote.</param>
    /// <exception cref="ArgumentException">A path leaves the folder or occurs twice, or the descriptor names other files.</exception>
    /// <exception cref="DiagnosticException">
    /// The folder cannot be written (QB4002, QB4003, QB4010), has other files (QB5070), or a blob is gone (QB4008).
    /// </exception>
    public static async Task<ArtifactWriteResult> WriteAsync(ContentStore store, string folder, IReadOnlyList<PackedFile> files,
        ReadOnlyMemory<byte> descriptor, IProgress<string>? progress = null, bool hardLinks = false, bool force = false,
        CancellationToken ct = default)
    {
        if (files.FirstOrDefault(file => !ArtifactListing.IsInside(file.Path)) is { } outside)
            throw new ArgumentException($"'{outside.Path}' is not the path of an artifact's file", nameof(files));
        if (ArtifactListing.Read(descriptor.Span) is not { } named || named.Length != files.Count || !named.ToHashSet().SetEquals(files))
            throw new ArgumentException("the descriptor names other files", nameof(descriptor));
        folder = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(folder);
            string lockPath = Path.Combine(folder, LockName);
            using ActionClaim turn =
                await ActionClaim.AcquireAsync(lockPath, onWait: null, ct, store.WaitFor($"the output folder '{folder}'", lockPath));
            if (!force)
                OutputGuard.RequireFiles(store, folder, files);
            return new ArtifactUpdate(store, folder, files, descriptor, hardLinks).Run(progress, ct);
        }
        catch (IOException failure) when (!StoreErrors.IsDiskFull(failure))
        {
            throw new DiagnosticException(Descriptors.OutputNotWritable.At(null, folder, failure.Message), failure);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, folder);
        }
    }

    /// <summary>Hashes every file of the artifact in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="progress">Told of bytes as they are read.</param>
    /// <param name="ct">Ends the work.</param>
    /// <returns>What is wrong; empty when every file is what the descriptor says.</returns>
    public static ImmutableArray<Diagnostic> Check(string folder, IProgress<long>? progress = null, CancellationToken ct = default)
    {
        string path = Path.Combine(folder, DescriptorName);
        try
        {
            if (AtomicFile.TryRead(path) is not { } descriptor)
                return [Descriptors.ArtifactUnreadable.At(null, folder, $"there is no {DescriptorName}")];
            return ArtifactListing.Read(descriptor) is not { } files
                ? [Descriptors.ArtifactUnreadable.At(new SourceSpan(path), folder, $"{DescriptorName} names no files")]
                : [.. files.Select(file => Check(folder, file, progress, ct)).OfType<Diagnostic>()];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return [.. StoreErrors.Translate(failure, path).Diagnostics];
        }
    }

    private static Diagnostic? Check(string folder, PackedFile file, IProgress<long>? progress, CancellationToken ct)
    {
        string path = Path.Combine(folder, file.Path);
        try
        {
            if (FileStamp.Of(path) is not { } stamp)
                return Descriptors.ArtifactDamaged.At(null, path, "it is missing");
            if (stamp.Size != file.Content.Size)
                return Descriptors.ArtifactDamaged.At(null, path, $"it has {stamp.Size} bytes instead of {file.Content.Size}");
            Digest found = FileHash.Of(path, progress, ct);
            return found == file.Content.Digest ? null
                : Descriptors.ArtifactDamaged.At(null, path, $"its digest is {found.Short} instead of {file.Content.Digest.Short}");
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return Descriptors.ArtifactDamaged.At(null, path, failure.Message);
        }
    }
}
