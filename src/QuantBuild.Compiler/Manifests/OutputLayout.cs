namespace QuantBuild.Compiler.Manifests;

/// <summary>Whose format an artifact is written in; see <c>docs/exports.md</c>.</summary>
internal enum OutputLayout
{
    /// <summary>This project's own, the only one that holds every recipe.</summary>
    Native,

    /// <summary>Names and configuration of compressed-tensors' <c>mxfp4-pack-quantized</c>.</summary>
    CompressedTensors,

    /// <summary>Ascend's msModelSlim, <c>W4A4_MXFP4</c>.</summary>
    ModelSlim,

    /// <summary>LightX2V's <c>mxfp4</c>, the low-rank branch as a LoRA beside it.</summary>
    LightX2V,

    /// <summary>Dequantized weights in bfloat16 under the original names.</summary>
    BFloat16,

    /// <summary>Dequantized weights in bfloat16 under the names of the Diffusers library.</summary>
    Diffusers,
}
