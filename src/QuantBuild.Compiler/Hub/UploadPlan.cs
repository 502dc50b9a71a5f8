using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>What a push would do.</summary>
/// <param name="Repository">Where to.</param>
/// <param name="Revision">The branch.</param>
/// <param name="Head">Commit that the branch points to; null when there is no such branch or repository yet.</param>
/// <param name="Items">Every file, in the order given.</param>
internal sealed record UploadPlan(RepoId Repository, string Revision, string? Head, ImmutableArray<UploadItem> Items)
{
    /// <summary>The files to be sent.</summary>
    public IEnumerable<UploadItem> ToSend => Items.Where(item => item.State is UploadState.New or UploadState.Changed);

    /// <summary>Their bytes.</summary>
    public long Bytes => ToSend.Sum(item => item.File.Size);
}
