using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The element type that a backend with a choice of types computes the model in.</summary>
internal enum ComputeDType
{
    /// <summary>bfloat16 operands, float32 sums.</summary>
    [JsonStringEnumMemberName("bf16")]
    BFloat16,

    /// <summary>float32.</summary>
    [JsonStringEnumMemberName("float32")]
    Float32,
}
