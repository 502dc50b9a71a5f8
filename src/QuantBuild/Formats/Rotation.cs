using System.Text.Json.Serialization;

namespace QuantBuild.Formats;

/// <summary>What happens to the smoothed input of a quantized layer before it is rounded; the weight is changed to match.</summary>
internal enum Rotation
{
    /// <summary>Nothing.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>Every block of 32 channels takes the Hadamard transform, which spreads an outlier over its block.</summary>
    [JsonStringEnumMemberName("hadamard32")]
    Hadamard32,
}
