using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>Where the files of an artifact are; they are named by their path in its folder, with forward slashes.</summary>
internal interface IArtifactStorage
{
    /// <summary>What to call a file in a message.</summary>
    string Locate(string file);

    /// <summary>Length of a file in bytes; null when there is none.</summary>
    long? LengthOf(string file);

    /// <summary>Opens a file for reading from its beginning.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    Stream OpenRead(string file);

    /// <summary>Opens the tensors of an expert.</summary>
    /// <exception cref="SafeTensorsException">A file is missing or breaks a rule of the format.</exception>
    ShardedCheckpoint OpenTensors(ArtifactExpert expert);
}
