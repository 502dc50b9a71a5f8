using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Whose format an artifact is written in; see <c>docs/exports.md</c>.</summary>
internal enum OutputLayout
{
    /// <summary>This project's own, the only one that holds every recipe.</summary>
    [JsonStringEnumMemberName("native")]
    Native,

    /// <summary>Names and configuration of compressed-tensors' <c>mxfp4-pack-quantized</c>.</summary>
    [JsonStringEnumMemberName("compressed-tensors")]
    CompressedTensors,

    /// <summary>Ascend's msModelSlim, <c>W4A4_MXFP4</c>.</summary>
    [JsonStringEnumMemberName("msmodelslim")]
    ModelSlim,

    /// <summary>LightX2V's <c>mxfp4</c>, the low-rank branch as a LoRA beside it.</summary>
    [JsonStringEnumMemberName("lightx2v")]
    LightX2V,

    /// <summary>Dequantized weights in bfloat16 under the original names.</summary>
    [JsonStringEnumMemberName("bf16")]
    BFloat16,

    /// <summary>Dequantized weights in bfloat16 under the names of the Diffusers library.</summary>
    [JsonStringEnumMemberName("bf16-diffusers")]
    Diffusers,
}
