using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Work;

/// <summary>
/// Identity of what an expert computes: its tensors, and its configuration, which no tensor's shape gives away completely.
/// </summary>
internal static class ModelDigest
{
    /// <summary>The digest. How <c>config.json</c> spells the configuration does not matter, only what it says.</summary>
    /// <param name="tensors">Digest of all tensors.</param>
    /// <param name="config">The configuration; every field of it takes part.</param>
    public static Digest Of(Digest tensors, WanConfig config) => CanonicalJson.DigestOf(new JsonObject
    {
        ["tensors"] = tensors.ToString(),
        ["dim"] = config.Dim,
        ["ffn_dim"] = config.FfnDim,
        ["num_heads"] = config.NumHeads,
        ["num_layers"] = config.NumLayers,
        ["in_dim"] = config.InDim,
        ["out_dim"] = config.OutDim,
        ["text_len"] = config.TextLen,
        ["text_dim"] = config.TextDim,
        ["freq_dim"] = config.FreqDim,
        ["eps"] = config.Eps,
    });
}
