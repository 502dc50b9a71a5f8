using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Compiler.Build;

/// <summary>What every operation on a manifest takes.</summary>
/// <param name="Manifest">Path of the manifest.</param>
/// <param name="Store">Root of the store; null for the default (QUANTBUILD_CACHE, else the platform's cache folder).</param>
/// <param name="Threads">Threads to use; 0 for all cores. Never changes a result.</param>
/// <param name="Locked">Whether a result that differs from the lock file is an error, as in CI.</param>
/// <param name="Memory">Memory to use; null for 70 % of what is free. Never changes a result.</param>
/// <param name="Hub">How checkpoints of the Hub are reached; null for what the environment says.</param>
/// <param name="HeadersOnly">Whether a look at a plan must not read weights, but only the headers of their files.</param>
internal sealed record CompileOptions(string Manifest, string? Store = null, int Threads = 0, bool Locked = false,
    MemoryLimit? Memory = null,
    HubAccess? Hub = null, bool HeadersOnly = false)
{
    /// <summary>File for the report page of a build; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>Other files that the caller writes when the build is done; none of them may be one that it reads.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>Whether the artifact's files are hard links into the store, where the file system can, instead of copies.</summary>
    public bool HardLinks { get; init; }

    /// <summary>A store that others share, behind the local one; null for none. Never changes a result.</summary>
    public RemoteStoreOptions? Remote { get; init; }

    /// <summary>Where backends find what they need. Never changes a result, but for what their profiles name.</summary>
    public ComputeOptions Compute { get; init; } = ComputeOptions.Default;

    /// <summary>Whether every blob is read as soon as a record names it: where one is damaged, others may be.</summary>
    internal bool ReadsWhatItFinds { get; init; }

    /// <summary>Whether the artifact may overwrite files in the output folder that no artifact wrote.</summary>
    public bool Force { get; init; }

    /// <summary>Whether a look at a plan measures the speed of the machine again, even when the store remembers it.</summary>
    public bool MeasureSpeed { get; init; }

    /// <summary>Workers that a look at a plan shares the build among; 0 for none.</summary>
    public int Shards { get; init; }

    /// <summary>
    /// Once it is cancelled no action begins any more; those that run are finished and kept, and then the build is cancelled.
    /// </summary>
    public CancellationToken Drain { get; init; }

    /// <summary>The number of threads meant by <see cref="Threads"/>.</summary>
    public int ThreadCount => Threads > 0 ? Threads : Environment.ProcessorCount;
}
