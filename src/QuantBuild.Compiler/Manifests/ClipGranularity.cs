using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The two readings of the paper's eq. (8); see docs/algorithm.md.</summary>
internal enum ClipGranularity
{
    /// <summary>The ratio scales each 32-block's own maximum before its scale is chosen, as the paper's code does.</summary>
    [JsonStringEnumMemberName("block")]
    Block,

    /// <summary>A static threshold per layer and bin clips the input first, as the paper writes.</summary>
    [JsonStringEnumMemberName("bin")]
    Bin,
}
