using System.Collections.Immutable;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>An expert's folder, found to be complete.</summary>
/// <param name="Directory">The folder, absolute.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Tensors">Names of its tensors, in ordinal order.</param>
internal sealed record ExpertCheckpoint(string Directory, WanConfig Config, ImmutableArray<string> Tensors)
{
    /// <summary>Its only file, absolute; null for a folder in one of the usual layouts.</summary>
    public string? File { get; init; }

    /// <summary>LoRA files that are merged into it, in order.</summary>
    public ImmutableArray<LoraReference> Loras { get; init; } = [];
}
