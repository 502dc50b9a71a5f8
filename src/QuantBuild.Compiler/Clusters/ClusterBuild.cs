using System.Globalization;

namespace QuantBuild.Compiler.Clusters;

/// <summary>A build that a scheduler's workers share.</summary>
/// <param name="Name">The model's name, in names of jobs: letters, digits and hyphens.</param>
/// <param name="Manifest">Path of the manifest, as the workers see it.</param>
/// <param name="Shards">Workers.</param>
/// <param name="Artifact">Folder for the artifact, as the workers see it.</param>
/// <param name="Command">How the tool is started.</param>
/// <param name="Gpus">Whether each worker needs a GPU.</param>
internal sealed record ClusterBuild(string Name, string Manifest, int Shards, string Artifact, string Command, bool Gpus)
{
    /// <summary>The store that the workers share; null for their own.</summary>
    public string? Store { get; init; }

    /// <summary>The store behind theirs; null for none, or what the environment says.</summary>
    public string? Remote { get; init; }

    /// <summary>The command of a worker's phase, for a POSIX shell.</summary>
    /// <param name="until"><c>calibrate</c> or <c>layers</c>.</param>
    /// <param name="index">What the scheduler expands to the worker's index; null when the tool finds it in the environment.</param>
    public string Work(string until, string? index = null)
    {
        string shards = Shards.ToString(CultureInfo.InvariantCulture);
        string shard = index is null ? $"--shards {shards}" : $"--shard {index}/{shards}";
        return $"{Command} work {Quoted(Manifest)} {shard} --until {until}{Stores}";
    }

    /// <summary>The command that packs what they made.</summary>
    public string Pack => $"{Command} build {Quoted(Manifest)} --out {Quoted(Artifact)}{Stores}";

    /// <summary>Text as one word of a POSIX shell.</summary>
    public static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private string Stores => (Store is null ? "" : $" --store {Quoted(Store)}") + (Remote is null ? "" : $" --remote {Quoted(Remote)}");
}
