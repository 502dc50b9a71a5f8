using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How the low-rank branch is found.</summary>
internal enum LowRankMethod
{
    /// <summary>Seeded randomized subspace iteration.</summary>
    [JsonStringEnumMemberName("randomized")]
    Randomized,

    /// <summary>Full decomposition; for small layers and for reference.</summary>
    [JsonStringEnumMemberName("exact")]
    Exact,
}
