using QuantBuild.Torch.Layers;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>The parameters of one attention; gains are float32.</summary>
internal sealed record WanAttentionParameters(ITorchLinear Q, ITorchLinear K, ITorchLinear V, ITorchLinear O, Tensor NormQ, Tensor NormK);

/// <summary>
/// The parameters of one block. Its modulation is [6, dim]: shift, scale and gate of self-attention, then of the feed-forward network.
/// </summary>
internal sealed record WanBlockParameters(
    Tensor Modulation,
    WanAttentionParameters SelfAttention,
    WanAttentionParameters CrossAttention,
    Tensor Norm3Weight,
    Tensor Norm3Bias,
    ITorchLinear Ffn0,
    ITorchLinear Ffn2);
