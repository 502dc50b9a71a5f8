namespace QuantBuild.Artifacts;

/// <summary>An artifact that cannot be used, and why.</summary>
/// <param name="reason">What is wrong, with names and numbers.</param>
/// <param name="file">The file at fault, when there is one; it is put before the reason.</param>
/// <param name="cause">The exception that showed it, if one did.</param>
public sealed class ArtifactException(string reason, string? file = null, Exception? cause = null)
    : FormatException(file is null ? reason : $"{file}: {reason}", cause)
{
    /// <summary>What is wrong.</summary>
    public string Reason { get; } = reason;

    /// <summary>The file at fault; null when only a descriptor in memory is.</summary>
    public string? File { get; } = file;
}
