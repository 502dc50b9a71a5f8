using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Whether the smoothed input of a layer is rotated before it is rounded.</summary>
internal enum RotationMode
{
    /// <summary>Where it takes off at least one percent of the error that is measured.</summary>
    [JsonStringEnumMemberName("auto")]
    Auto,

    /// <summary>Never.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>Always, by the Hadamard transform of every block of 32 channels.</summary>
    [JsonStringEnumMemberName("hadamard32")]
    Hadamard32,
}
