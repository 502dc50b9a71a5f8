using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>An artifact in a folder.</summary>
/// <param name="root">The folder.</param>
internal sealed class FolderStorage(string root) : IArtifactStorage
{
    /// <inheritdoc/>
    public string Locate(string file) => Path.Combine(root, file);

    /// <inheritdoc/>
    public long? LengthOf(string file) => new FileInfo(Locate(file)) is { Exists: true } info ? info.Length : null;

    /// <inheritdoc/>
    public Stream OpenRead(string file) =>
        new FileStream(Locate(file), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);

    /// <inheritdoc/>
    public ShardedCheckpoint OpenTensors(ArtifactExpert expert) => ShardedCheckpoint.Open(Locate(expert.Directory), map: true);
}
