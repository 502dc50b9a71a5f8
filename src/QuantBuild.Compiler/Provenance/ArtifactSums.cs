using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>An artifact's files with their digests, in the form that <c>sha256sum --check</c> reads.</summary>
internal static class ArtifactSums
{
    /// <summary>Name of the file.</summary>
    public const string FileName = CompanionFiles.Sums;

    /// <summary>
    /// Every file of the artifact in a folder, and its companions that equal builds have equal. Large files are not read: a build just
    /// wrote them.
    /// </summary>
    /// <exception cref="DiagnosticException">There is no artifact (QB4012), or the file system failed.</exception>
    public static ImmutableArray<(string Path, long Size, string Digest)> Of(string folder)
    {
        try
        {
            if (AtomicFile.TryRead(Path.Combine(folder, ArtifactFolder.DescriptorName)) is not { } descriptor
                || ArtifactListing.Read(descriptor) is not { } files)
                throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(null, folder,
                    $"there is no {ArtifactFolder.DescriptorName} that names files"));
            return [.. files.Select(file => (file.Path, file.Content.Size, file.Content.Digest.ToString()))
                .Concat(((string[])[ArtifactFolder.DescriptorName, ArtifactQuality.FileName, ProvenanceStatement.FileName,
                    Envelope.FileName])
                    .Select(name => (Name: name, Content: AtomicFile.TryRead(Path.Combine(folder, name))))
                    .Where(file => file.Content is not null)
                    .Select(file => (file.Name, (long)file.Content!.Length, Digest.Of(file.Content).ToString())))
                .OrderBy(file => file.Item1, StringComparer.Ordinal)];
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, folder);
        }
    }

    /// <summary>Writes the file into the artifact's folder.</summary>
    public static void Write(string folder, IEnumerable<(string Path, long Size, string Digest)> sums)
    {
        var text = new StringBuilder();
        foreach ((string path, _, string digest) in sums)
            text.Append(CultureInfo.InvariantCulture, $"{digest}  {path}\n");
        ProvenanceFiles.Replace(Path.Combine(Path.GetFullPath(folder), FileName), Encoding.UTF8.GetBytes(text.ToString()));
    }
}
