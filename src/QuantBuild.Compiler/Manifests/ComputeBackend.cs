using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>What computes.</summary>
internal enum ComputeBackend
{
    /// <summary>QuantBuild's own kernels: the same bytes on every machine.</summary>
    [JsonStringEnumMemberName("cpu")]
    Cpu,

    /// <summary>libtorch, through TorchSharp.</summary>
    [JsonStringEnumMemberName("torch")]
    Torch,
}
