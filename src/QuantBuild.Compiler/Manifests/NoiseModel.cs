using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>What the weights of a layer are told of the rounding of its input.</summary>
internal enum NoiseModel
{
    /// <summary>Gain and noise of every channel: weights are filtered for a noisy input.</summary>
    [JsonStringEnumMemberName("modelled")]
    Modelled,

    /// <summary>Nothing: weights are made for the input as it is before it is rounded.</summary>
    [JsonStringEnumMemberName("ignored")]
    Ignored,
}
