using System.Security.Cryptography;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>Holds an artifact's files against its descriptor.</summary>
internal static class ArtifactFiles
{
    /// <summary>Name of an expert's configuration.</summary>
    public const string Config = "config.json";

    /// <summary>Checks that every listed file is there, has its size and, if asked, its digest.</summary>
    /// <exception cref="ArtifactException">One is not; with several, the first in the descriptor's order.</exception>
    public static void Check(ArtifactDescriptor descriptor, IArtifactStorage storage, bool verifyDigests)
    {
        (string Path, ArtifactFile File)[] files =
            [.. descriptor.Experts.Values.SelectMany(expert => expert.Files, (expert, file) => ($"{expert.Directory}/{file.Name}", file))];
        foreach ((string path, ArtifactFile file) in files)
        {
            if (storage.LengthOf(path) is not { } length)
                throw new ArtifactException("the file is missing", storage.Locate(path));
            if (length != file.Size)
                throw new ArtifactException($"the file has {length} bytes instead of {file.Size}", storage.Locate(path));
        }
        if (!verifyDigests)
            return;
        var failures = new ArtifactException?[files.Length];
        Parallel.For(0, files.Length, i => failures[i] = CheckDigest(storage, files[i].Path, files[i].File.Digest));
        if (failures.FirstOrDefault(failure => failure is not null) is { } first)
            throw first;
    }

    /// <summary>Checks that the descriptor lists every file that the expert is opened from.</summary>
    /// <exception cref="ArtifactException">It leaves one out.</exception>
    public static void CheckListed(ArtifactExpert expert, ShardedCheckpoint tensors)
    {
        string directory = Path.GetDirectoryName(tensors.Files[0])!;
        IEnumerable<string> opened = [Path.Combine(directory, Config), .. tensors.Files];
        if (tensors.Index is not null)
            opened = opened.Append(tensors.Index);
        foreach (string path in opened)
        {
            if (!expert.Files.Any(file => file.Name == Path.GetFileName(path)))
                throw new ArtifactException("the descriptor does not list the file", path);
        }
    }

    private static ArtifactException? CheckDigest(IArtifactStorage storage, string file, string expected)
    {
        string path = storage.Locate(file);
        try
        {
            using Stream stream = storage.OpenRead(file);
            string actual = Convert.ToHexStringLower(SHA256.HashData(stream));
            return actual == expected ? null : new ArtifactException($"the file's SHA-256 is {actual} instead of {expected}", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ArtifactException($"cannot be read: {e.Message}", path, e);
        }
    }
}
