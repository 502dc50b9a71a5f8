using QuantBuild.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tool.Text;

/// <summary>An artifact's folder, as far as the tool looks at it.</summary>
internal static class ArtifactPath
{
    /// <summary>Whether a folder holds an artifact.</summary>
    public static bool IsArtifact(string folder) => File.Exists(Path.Combine(folder, ArtifactDescriptor.FileName));

    /// <summary>
    /// The artifact that is meant by a folder: the folder itself, or the only one beside the app in an output folder of the build.
    /// </summary>
    public static string In(string folder)
    {
        string beside = Path.Combine(folder, "artifact");
        return !IsArtifact(folder) && Directory.Exists(beside) && Directory.GetDirectories(beside).Where(IsArtifact).ToArray() is [var only]
            ? only
            : folder;
    }

    /// <summary>Reads an artifact's descriptor.</summary>
    /// <exception cref="DiagnosticException">It is missing or damaged.</exception>
    public static ArtifactDescriptor Describe(string folder)
    {
        try
        {
            return ArtifactDescriptor.Parse(File.ReadAllBytes(Path.Combine(folder, ArtifactDescriptor.FileName)));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is ArtifactException)
        {
            throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(null, folder, failure.Message), failure);
        }
    }
}
