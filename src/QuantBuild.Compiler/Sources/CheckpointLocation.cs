using System.Collections.Immutable;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>Where a checkpoint was found.</summary>
/// <param name="Folder">Its folder on this machine, absolute. With <paramref name="Heads"/> it has everything but weights.</param>
/// <param name="Repository">The repository and revision that were asked for; null for a folder.</param>
/// <param name="Commit">The commit that the revision is; null for a folder.</param>
/// <param name="Heads">The heads of the files with weights, by path in the repository, when only these are here; else null.</param>
/// <param name="HeadersOnly">Whether weights must not be read.</param>
internal sealed record CheckpointLocation(string Folder, HubReference? Repository = null, string? Commit = null,
    ImmutableDictionary<string, RemoteHead>? Heads = null, bool HeadersOnly = false)
{
    /// <summary>Files of text encoder and autoencoder that the repository has and that are not here, because only headers are.</summary>
    public ImmutableArray<string> ComingPickles { get; init; } = [];

    /// <summary>Whether a file with weights is here, or in the repository.</summary>
    /// <param name="path">The file, absolute.</param>
    internal bool HasFile(string path) => Heads is null ? File.Exists(path) : Heads.ContainsKey(InRepository(path));

    /// <summary>Opens an expert's tensors.</summary>
    /// <param name="directory">The expert's folder, absolute, or its only file.</param>
    /// <param name="loras">LoRA files to merge, in order; of a checkpoint with headers only nothing is merged.</param>
    /// <exception cref="SafeTensorsException">Its files are not a complete checkpoint.</exception>
    /// <exception cref="LoraException">A LoRA file cannot be merged.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal WanCheckpoint Open(string directory, IReadOnlyList<LoraReference> loras)
    {
        if (Heads is null)
            return WanCheckpoint.Open(directory, loras);
        string folder = InRepository(directory);
        return Heads.GetValueOrDefault(folder) is { } only
            ? WanCheckpoint.OpenHead(SafeTensorsFile.FromHead(only.Bytes, only.Length, directory))
            : WanCheckpoint.OpenHeads(directory, name => Heads.GetValueOrDefault($"{folder}/{name}") is { } head
                ? SafeTensorsFile.FromHead(head.Bytes, head.Length, Path.Combine(directory, name)) : null);
    }

    private string InRepository(string path) => Path.GetRelativePath(Folder, path).Replace('\\', '/');
}
