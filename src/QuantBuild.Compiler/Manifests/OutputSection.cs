using QuantBuild.Compiler.Diagnostics;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Manifests;

/// <summary>What is written.</summary>
/// <param name="Layout">Names, types and files.</param>
/// <param name="ShardSize">Largest shard in bytes.</param>
/// <param name="KeptDtype">Element type of kept floating-point tensors; null keeps the source's, bit for bit.</param>
/// <param name="LayoutSpan">Place of the layout, or of the section.</param>
/// <param name="ShardSizeSpan">Place of the shard size; null when the manifest does not set it.</param>
/// <param name="KeptDtypeSpan">Place of the element type; null when the manifest does not set it.</param>
internal sealed record OutputSection(OutputLayout Layout, long ShardSize, DType? KeptDtype, SourceSpan LayoutSpan,
    SourceSpan? ShardSizeSpan = null, SourceSpan? KeptDtypeSpan = null)
{
    /// <summary>Where a published artifact of the same plan and inputs may be taken from; null to compute. No part of the plan.</summary>
    public HubReference? From { get; init; }

    /// <summary>Place of <see cref="From"/>; null when the manifest does not set it.</summary>
    public SourceSpan? FromSpan { get; init; }
}
