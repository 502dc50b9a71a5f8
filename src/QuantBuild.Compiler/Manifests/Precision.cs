using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How a layer is stored and computed.</summary>
internal enum Precision
{
    /// <summary>4-bit weights and activations.</summary>
    [JsonStringEnumMemberName("w4a4")]
    W4A4,

    /// <summary>4-bit weights, activations untouched.</summary>
    [JsonStringEnumMemberName("w4a16")]
    W4A16,

    /// <summary>The source tensor, bit for bit.</summary>
    [JsonStringEnumMemberName("bf16")]
    BF16,
}
