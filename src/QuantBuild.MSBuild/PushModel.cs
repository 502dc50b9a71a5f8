using Microsoft.Build.Framework;

namespace QuantBuild.MSBuild;

/// <summary>Publishes a built artifact. The worker finds the token in its own environment: here it would get into logs.</summary>
[MSBuildMultiThreadableTask]
public sealed class PushModel : WorkerTask
{
    /// <summary>The artifact's folder.</summary>
    [Required]
    public ITaskItem Artifact { get; set; } = null!;

    /// <summary>The build's lock file, which is published with it.</summary>
    [Required]
    public ITaskItem LockFile { get; set; } = null!;

    /// <summary>The repository: <c>owner/name</c> or <c>owner/name@branch</c>.</summary>
    [Required]
    public string Repository { get; set; } = "";

    /// <summary>Whether to send; otherwise what would be sent is listed.</summary>
    public bool Send { get; set; }

    /// <summary>Whether to open a pull request instead of changing the branch.</summary>
    public bool PullRequest { get; set; }

    /// <summary>Parts of files under way at once; empty for the worker's default.</summary>
    public string? Parallel { get; set; }

    /// <summary>Tag for the commit; empty for none.</summary>
    public string? Tag { get; set; }

    /// <summary>For the card: the model that was quantized; empty to leave it out.</summary>
    public string? BaseModel { get; set; }

    /// <summary>For the card: its licence; empty to leave it out.</summary>
    public string? License { get; set; }

    /// <summary>The store, for uploads that go on; empty for the default.</summary>
    public string? Store { get; set; }

    /// <inheritdoc/>
    private protected override string Subject => Artifact.GetMetadata("FullPath");

    /// <inheritdoc/>
    private protected override IEnumerable<string> Arguments =>
    [
        "push", Path.TrimEndingDirectorySeparator(Artifact.GetMetadata("FullPath")), Repository,
        "--lock", LockFile.GetMetadata("FullPath"),
        .. Send ? (string[])["--send"] : [],
        .. PullRequest ? (string[])["--pr"] : [],
        .. Option("--parallel", Parallel),
        .. Option("--tag", Tag),
        .. Option("--base-model", BaseModel),
        .. Option("--license", License),
        .. Option("--store", Store),
    ];
}
