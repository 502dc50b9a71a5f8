namespace QuantBuild.Models.Wan;

/// <summary>The seven places of a block where linear layers read an activation, in the order of the forward pass.</summary>
public enum WanSite
{
    /// <summary>Modulated input of self-attention; read by q, k and v.</summary>
    SelfAttentionQkv,

    /// <summary>Output of self-attention's softmax; read by o.</summary>
    SelfAttentionO,

    /// <summary>Normalized residual stream; read by the cross-attention's q.</summary>
    CrossAttentionQ,

    /// <summary>Embedded text; read by the cross-attention's k and v. Its rows are text tokens.</summary>
    CrossAttentionKv,

    /// <summary>Output of cross-attention's softmax; read by o.</summary>
    CrossAttentionO,

    /// <summary>Modulated input of the feed-forward network.</summary>
    Ffn0,

    /// <summary>Activated hidden layer of the feed-forward network.</summary>
    Ffn2,
}
