using Microsoft.Build.Framework;

namespace QuantBuild.MSBuild;

/// <summary>Hashes every file of a built artifact and compares it with its descriptor.</summary>
[MSBuildMultiThreadableTask]
public sealed class VerifyModel : WorkerTask
{
    /// <summary>The artifact's folder.</summary>
    [Required]
    public ITaskItem Artifact { get; set; } = null!;

    /// <inheritdoc/>
    private protected override string Subject => Artifact.GetMetadata("FullPath");

    /// <inheritdoc/>
    private protected override IEnumerable<string> Arguments =>
        ["verify", Path.TrimEndingDirectorySeparator(Artifact.GetMetadata("FullPath"))];

    /// <summary>A line for every file is a detail here; damage is a diagnostic.</summary>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance) =>
        base.LogEventsFromTextOutput(singleLine.StartsWith("ok ", StringComparison.Ordinal) ? " " + singleLine : singleLine,
            messageImportance);
}
