using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Manifests.Editing;

/// <summary>A manifest's file, to be changed in place.</summary>
internal static class ManifestFile
{
    /// <summary>The bytes that a manifest was read from.</summary>
    /// <exception cref="DiagnosticException">The file was changed since (QB1006), or cannot be read.</exception>
    public static byte[] Read(QuantManifest manifest)
    {
        try
        {
            byte[] text = File.ReadAllBytes(manifest.Path);
            return Digest.Of(text) == manifest.Content
                ? text
                : throw new DiagnosticException(Descriptors.ManifestChanged.At(new SourceSpan(manifest.Path)));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw new DiagnosticException(Descriptors.ManifestUnreadable.At(new SourceSpan(manifest.Path), failure.Message), failure);
        }
    }

    /// <summary>Replaces a manifest's file as a whole, unless somebody changed it since it was read.</summary>
    /// <exception cref="DiagnosticException">It was changed (QB1006), or the file system failed.</exception>
    public static void Replace(QuantManifest manifest, byte[] text)
    {
        Read(manifest);
        try
        {
            OutputFile.Replace(manifest.Path, text, durable: true);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, manifest.Path);
        }
    }
}
