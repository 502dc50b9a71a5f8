namespace QuantBuild.Models.Wan;

/// <summary>
/// The parameters of one block. Its modulation is [6, dim]: shift, scale and gate of self-attention, then of the feed-forward network.
/// </summary>
internal sealed record WanBlockWeights(
    float[] Modulation,
    WanAttentionWeights SelfAttention,
    WanAttentionWeights CrossAttention,
    float[] Norm3Weight,
    float[] Norm3Bias,
    ILinear Ffn0,
    ILinear Ffn2);
