using System.Collections.Immutable;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>What writing an artifact's folder changed.</summary>
/// <param name="Written">Files that were not there or had other content, in the order of writing.</param>
/// <param name="Removed">Files of earlier builds that were removed.</param>
internal sealed record ArtifactWriteResult(ImmutableArray<string> Written, ImmutableArray<string> Removed)
{
    /// <summary>Whether the folder is different from before.</summary>
    public bool Changed => Written.Length + Removed.Length > 0;
}
