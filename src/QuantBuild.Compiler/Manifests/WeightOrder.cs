using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The order in which GPTQ rounds input channels. The artifact has them as the checkpoint does in any case.</summary>
internal enum WeightOrder
{
    /// <summary>As they lie in the weight.</summary>
    [JsonStringEnumMemberName("channel")]
    Channel,

    /// <summary>
    /// By falling diagonal of the Hessian: the channels that matter most while there are most others to make up for them.
    /// </summary>
    [JsonStringEnumMemberName("activation")]
    Activation,
}
