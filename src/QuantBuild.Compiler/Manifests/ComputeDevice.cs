using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The kind of device that a backend with a choice of devices uses.</summary>
internal enum ComputeDevice
{
    /// <summary>The processor.</summary>
    [JsonStringEnumMemberName("cpu")]
    Cpu,

    /// <summary>A GPU with CUDA.</summary>
    [JsonStringEnumMemberName("cuda")]
    Cuda,
}
