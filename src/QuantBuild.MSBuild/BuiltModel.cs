using System.Security.Cryptography;
using QuantBuild.Artifacts;

namespace QuantBuild.MSBuild;

/// <summary>A built artifact, as far as the build step has to know it.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Layout">The format of its experts.</param>
/// <param name="Digest">SHA-256 of its descriptor, which has the digests of all other files.</param>
/// <param name="Files">Its files, the descriptor first.</param>
/// <param name="Facts">What a reader of the accessor may want to know, a line each.</param>
internal sealed record BuiltModel(string Folder, string Layout, string Digest, IReadOnlyList<BuiltFile> Files, IReadOnlyList<string> Facts)
{
    /// <summary>What lies beside an artifact and tells about it, wherever it goes. Not the run record: it tells about a machine.</summary>
    private static readonly string[] CompanionNames = ["provenance.intoto.json", "provenance.dsse.json", "quality.json"];

    /// <summary>Whether apps can open it; other layouts are written for other programs.</summary>
    public bool IsForRuntime => Layout == "native";

    /// <summary>Names of the files beside it that travel with it: its provenance.</summary>
    public IEnumerable<string> Companions => CompanionNames.Where(name => File.Exists(Path.Combine(Folder, name)));

    /// <summary>Size of all its files in bytes.</summary>
    public long Size => Files.Sum(file => file.Size);

    /// <summary>SHA-256 of the descriptor in a folder; null when there is none.</summary>
    public static string? DigestIn(string folder)
    {
        string path = Path.Combine(folder, ArtifactDescriptor.FileName);
        return File.Exists(path) ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))) : null;
    }

    /// <summary>Reads the descriptor in a folder, as strictly as the runtime does that will open it.</summary>
    /// <returns>The artifact; null when there is none, or a file of it is missing.</returns>
    /// <exception cref="ArtifactException">The descriptor is damaged.</exception>
    public static BuiltModel? Read(string folder)
    {
        string path = Path.Combine(folder, ArtifactDescriptor.FileName);
        if (!File.Exists(path))
            return null;
        byte[] bytes = File.ReadAllBytes(path);
        string digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        ArtifactDescriptor descriptor = ArtifactDescriptor.Parse(bytes);
        List<BuiltFile> files = [new BuiltFile(path, ArtifactDescriptor.FileName, bytes.Length, digest)];
        foreach (ArtifactExpert expert in descriptor.Experts.Values)
        {
            files.AddRange(expert.Files.Select(file =>
                new BuiltFile(Path.Combine(folder, expert.Directory, file.Name), $"{expert.Directory}/{file.Name}", file.Size,
                    file.Digest)));
        }
        return files.TrueForAll(file => File.Exists(file.Path))
            ? new BuiltModel(folder, descriptor.Layout, digest, files, ModelFacts.Of(descriptor))
            : null;
    }
}

/// <summary>One file of an artifact.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Relative">Its path in the artifact's folder, with forward slashes.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Digest">SHA-256 of its content.</param>
internal sealed record BuiltFile(string Path, string Relative, long Size, string Digest);
