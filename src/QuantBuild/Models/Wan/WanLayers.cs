namespace QuantBuild.Models.Wan;

/// <summary>The quantizable linear layers of a block and the site each one reads.</summary>
internal static class WanLayers
{
    /// <summary>All sites in forward order.</summary>
    public static IReadOnlyList<WanSite> Sites { get; } = Enum.GetValues<WanSite>();

    /// <summary>All layers of a block in forward order, such as <c>self_attn.q</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Sites.SelectMany(LayersOf)];

    /// <summary>The layers that read a site.</summary>
    public static IReadOnlyList<string> LayersOf(WanSite site) => site switch
    {
        WanSite.SelfAttentionQkv => ["self_attn.q", "self_attn.k", "self_attn.v"],
        WanSite.SelfAttentionO => ["self_attn.o"],
        WanSite.CrossAttentionQ => ["cross_attn.q"],
        WanSite.CrossAttentionKv => ["cross_attn.k", "cross_attn.v"],
        WanSite.CrossAttentionO => ["cross_attn.o"],
        WanSite.Ffn0 => ["ffn.0"],
        WanSite.Ffn2 => ["ffn.2"],
        _ => throw new ArgumentOutOfRangeException(nameof(site)),
    };

    /// <summary>The site's own name, such as <c>self_attn.qkv</c>.</summary>
    public static string NameOf(WanSite site) => site switch
    {
        WanSite.SelfAttentionQkv => "self_attn.qkv",
        WanSite.CrossAttentionKv => "cross_attn.kv",
        _ => LayersOf(site)[0],
    };
}
