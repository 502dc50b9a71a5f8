using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Which layers share one smoothing vector.</summary>
internal enum SmoothShare
{
    /// <summary>All layers that read the same activation (q, k, v) share it, as fused runtimes need.</summary>
    [JsonStringEnumMemberName("site")]
    Site,

    /// <summary>Every layer has its own, as the paper's code does.</summary>
    [JsonStringEnumMemberName("layer")]
    Layer,

    /// <summary>
    /// That of the site where it costs none of its layers more than one percent of the error that is measured, else one each.
    /// </summary>
    [JsonStringEnumMemberName("auto")]
    Auto,
}
