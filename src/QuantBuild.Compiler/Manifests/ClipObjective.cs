using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>What the clip search minimizes.</summary>
internal enum ClipObjective
{
    /// <summary>Distance to the full-precision layer's output (eq. 10).</summary>
    [JsonStringEnumMemberName("output")]
    Output,

    /// <summary>Distance to the quantized layer's output on unquantized activations, as the paper's code does.</summary>
    [JsonStringEnumMemberName("activation")]
    Activation,
}
